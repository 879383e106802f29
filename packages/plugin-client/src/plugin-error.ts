import { ERROR_CODES, type ErrorCode } from '@kdr/api-types';

/** How a call to a plugin failed. Every fault of a plugin or of the way to it ends as one of these. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  /** Stable code; `hint` says what to do next. */
  readonly code: ErrorCode;
  /** Whether the same call may be tried again. Never for mode=Act, whatever this says: Act is followed by Probe alone. */
  readonly retryable: boolean;
  /** Whether the request may have reached the plugin. False only where no connection was made: then nothing can have been done. */
  readonly sent: boolean;

  constructor(code: ErrorCode, message: string, options: { retryable: boolean; sent: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
    this.sent = options.sent;
  }

  /** What to do next. */
  get hint(): string {
    return ERROR_CODES[this.code];
  }
}
