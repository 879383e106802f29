import { ERROR_CODES, type ErrorCode, KdrError, type Problem } from '@kdr/api-types';

const STATUS: Partial<Record<ErrorCode, number>> = {
  KDR_BAD_REQUEST: 400,
  KDR_PARAMETERS_INVALID: 400,
  KDR_PLUGIN_PROTOCOL: 400,
  KDR_UNAUTHORIZED: 401,
  KDR_NOT_FOUND: 404,
  KDR_DUPLICATE_REQUEST: 409,
  KDR_REQUEST_TOO_LARGE: 413,
  KDR_AUTHORIZER_UNAVAILABLE: 503,
  KDR_BUSY: 503,
  KDR_PLUGIN_TIMEOUT: 504,
};

// What fastify itself refuses before a route is reached, by its status.
function codeOfStatus(status: number | undefined): ErrorCode {
  if (status === 413) return 'KDR_REQUEST_TOO_LARGE';
  if (status === 404) return 'KDR_NOT_FOUND';
  return status !== undefined && status >= 400 && status < 500 ? 'KDR_BAD_REQUEST' : 'KDR_PLUGIN_CRASHED';
}

/** Any error as one with a code: what is not KDR's own is a refusal of the HTTP server, or a crash of the plugin's code. */
export function coded(error: unknown): { code: ErrorCode; status: number; detail: string } {
  const detail = (error instanceof Error ? error.message : String(error)).slice(0, 4096);
  if (error instanceof KdrError) return { code: error.code, status: STATUS[error.code] ?? 500, detail };
  const given = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  const code = codeOfStatus(given);
  return { code, status: given ?? 500, detail };
}

/** RFC 9457 problem details. */
export function problemOf(error: unknown): Problem {
  const { code, status, detail } = coded(error);
  return { type: `urn:kdr:error:${code}`, title: ERROR_CODES[code].slice(0, 256), status, detail, code };
}
