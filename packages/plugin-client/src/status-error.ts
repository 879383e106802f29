import type { IncomingMessage } from 'node:http';
import { PluginError } from './plugin-error.ts';
import { readBody } from './json-body.ts';

/** Characters of a plugin's own text that go into an error. */
const MAX_TEXT = 512;

// Control characters could forge lines in a log or move a terminal's cursor.
function shown(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}

function problemText(body: Buffer): string {
  const text = body.toString('utf8');
  try {
    const { code, title, detail } = JSON.parse(text) as Record<string, unknown>;
    const parts = [code, detail ?? title].filter((part) => typeof part === 'string' && part !== '');
    if (parts.length > 0) return shown(parts.join(': '));
  } catch {
    // Not JSON: the text itself is what there is to show.
  }
  return shown(text);
}

/** What an answer with another status than 200 means. Reads the problem details (RFC 9457), or whatever text came, and cuts it. */
export async function statusError(name: string, response: IncomingMessage): Promise<PluginError> {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    const to = shown(response.headers.location ?? '');
    return new PluginError('KDR_PLUGIN_REDIRECT', `${name}: redirect ${status} to ${to}, not followed`, { retryable: false, sent: true });
  }
  const text = problemText(await readBody(name, response));
  // 408, 425, 429 and 5xx may pass (RFC 9110, 6585, 8470); 501 and 505 say that it never will.
  const retryable = [408, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505);
  return new PluginError('KDR_PLUGIN_STATUS', `${name}: status ${status}${text === '' ? '' : `: ${text}`}`, { retryable, sent: true });
}
