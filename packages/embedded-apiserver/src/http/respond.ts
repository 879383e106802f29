import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { StatusError } from '../api/status-error.ts';

/** As kube-apiserver's limit for all warnings of a response. */
const maximumWarningBytes = 4096;

/** Sends JSON; warnings go as `Warning: 299` headers, which kubectl prints (KEP-1693). */
export function sendJson(
  response: ServerResponse,
  code: number,
  json: string,
  warnings: readonly string[] = [],
  type = 'application/json',
): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(json);
  const headers: Record<string, string | number | string[]> = {
    'content-type': type,
    'content-length': body.length,
    'cache-control': 'no-cache, private',
  };
  const lines = warningLines(warnings);
  if (lines.length > 0) headers['warning'] = lines;
  response.writeHead(code, STATUS_CODES[code], headers);
  response.end(body);
}

/** Sends a failure as metav1.Status. */
export function sendStatus(response: ServerResponse, error: StatusError): void {
  const { status } = error;
  if (!response.headersSent) {
    const retry = status.details?.retryAfterSeconds;
    if (retry !== undefined) response.setHeader('retry-after', retry);
    if (status.code === 401) response.setHeader('www-authenticate', 'Bearer');
    if (status.code === 413 || status.code === 503) response.setHeader('connection', 'close');
  }
  sendJson(response, status.code, JSON.stringify(status));
}

function warningLines(warnings: readonly string[]): string[] {
  const lines: string[] = [];
  let bytes = 0;
  for (const warning of new Set(warnings)) {
    // A header holds printable ASCII; anything else would be refused by the HTTP layer.
    const line = `299 - "${warning.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
    bytes += line.length;
    if (bytes > maximumWarningBytes) break;
    lines.push(line);
  }
  return lines;
}
