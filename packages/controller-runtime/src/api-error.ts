/** The `details` of a Kubernetes Status: which object, and what was wrong field by field. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: { reason?: string; message?: string; field?: string }[];
  retryAfterSeconds?: number;
}

/** A `kind: Status` answer, as far as it is used here. */
export interface Status {
  kind?: string;
  status?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: StatusDetails;
}

/** What an {@link ApiError} is made of. */
export interface ApiErrorInit {
  status: number;
  reason: string;
  message: string;
  details?: StatusDetails;
  retryAfterSeconds?: number;
  retried?: boolean;
  cause?: unknown;
}

/**
 * Why the API server did not do what was asked, or could not be asked.
 * `reason` is the stable code: the server's own word (`NotFound`, `Conflict`, `Invalid`, …; see StatusReason in
 * k8s.io/apimachinery), or one of this client's: `Unreachable`, `Untrusted`, `DeadlineExceeded`, `Aborted`, `ResponseTooLarge`,
 * `MalformedResponse`, `MalformedWatchEvent`, `WatchIdle`.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** How long the server asks to wait, in seconds. */
  readonly retryAfterSeconds: number | undefined;
  /**
   * The client sent this write twice, because the first connection broke before an answer came. The first may have
   * been carried out: then a Conflict, an AlreadyExists or a NotFound (of a delete) is the echo of our own write.
   */
  readonly retried: boolean;

  constructor(init: ApiErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.status = init.status;
    this.reason = init.reason;
    this.details = init.details;
    this.retryAfterSeconds = init.retryAfterSeconds;
    this.retried = init.retried ?? false;
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** A precondition (resourceVersion, uid) did not hold. Not {@link isAlreadyExists}, which is a 409 too. */
  get isConflict(): boolean {
    return this.status === 409 && this.reason !== 'AlreadyExists';
  }

  get isAlreadyExists(): boolean {
    return this.status === 409 && this.reason === 'AlreadyExists';
  }

  /** The resourceVersion or the continue token is too old: list again. */
  get isGone(): boolean {
    return this.status === 410 || this.reason === 'Expired' || this.reason === 'Gone';
  }

  get isInvalid(): boolean {
    return this.status === 422;
  }

  /** No usable answer came. A write that was under way may or may not have been carried out. */
  get isUnreachable(): boolean {
    return this.status === 0;
  }

  /** The error of a Status that came as an answer or as an ERROR event. */
  static fromStatus(status: Status, fallback: { code: number; message: string; retryAfterSeconds?: number; retried?: boolean }): ApiError {
    const code = status.code ?? fallback.code;
    return new ApiError({
      status: code,
      reason: status.reason || reasonOfCode(code),
      message: status.message || fallback.message,
      details: status.details,
      retryAfterSeconds: fallback.retryAfterSeconds ?? status.details?.retryAfterSeconds,
      retried: fallback.retried,
    });
  }
}

/** The reason word that the API server uses for a code, for answers of proxies that carry none. */
function reasonOfCode(code: number): string {
  const words: Record<number, string> = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    405: 'MethodNotAllowed',
    409: 'Conflict',
    410: 'Gone',
    413: 'RequestEntityTooLarge',
    415: 'UnsupportedMediaType',
    422: 'Invalid',
    429: 'TooManyRequests',
    500: 'InternalError',
    503: 'ServiceUnavailable',
    504: 'Timeout',
  };
  return words[code] ?? 'UnexpectedStatus';
}
