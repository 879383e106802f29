/**
 * Every coded error of KDR: what happened and what to do next. The same list as in docs/errors.md (generated, and held by a test).
 */
export const ERROR_CODES = {
  KDR_PLUGIN_UNREACHABLE: 'The plugin’s endpoint does not accept connections. Is it running? `kdr plugins` names the socket.',
  KDR_PLUGIN_TIMEOUT: 'The plugin did not answer before the deadline. Raise timeoutSeconds of its registration, or look why it hangs.',
  KDR_PLUGIN_DISCONNECTED: 'The plugin broke the connection before its answer was complete. Did it crash? Its log says more.',
  KDR_PLUGIN_ABORTED: 'The caller gave up before the plugin answered.',
  KDR_PLUGIN_ANSWER_TOO_LARGE: 'The answer is larger than 256 KiB. Large results belong in artifacts.',
  KDR_PLUGIN_BAD_ANSWER: 'The answer is not JSON of the shape that the protocol wants. Run the contract suite against it.',
  KDR_PLUGIN_REDIRECT: 'The plugin answered with a redirect. Redirects are never followed: register the final address.',
  KDR_PLUGIN_STATUS: 'The plugin answered with another status than 200. Its problem details are in the message.',
  KDR_PLUGIN_WRONG_ROLE: 'The manifest names another role or name than the registration.',
  KDR_PLUGIN_PROTOCOL: 'The plugin does not speak protocol v1.',
  KDR_ENDPOINT_REFUSED: 'The endpoint may not be called (loopback, link-local, not TLS, or of a kind that this release does not call).',
  KDR_ARTIFACT_INVALID: 'The artifact’s size or digest is not what the plugin announced; it was dropped.',
  KDR_ARTIFACT_TOO_LARGE: 'The artifact is larger than 64 MiB; it was dropped.',
  KDR_COLLECT_UNAVAILABLE:
    'No collector of that name can be asked here: not registered, not ready, or the plugin is remote and did not declare it in needs[].',
  KDR_COLLECT_FAILED: 'The collector was asked and gave nothing; its reason is in the message.',
  KDR_DIAGNOSE_UNAVAILABLE: 'No diagnoser of that name can be asked here.',
  KDR_CALLBACK_DENIED: 'The callback token is unknown or its call has ended.',
  KDR_UNAUTHORIZED: 'The caller showed no bearer token that may call this plugin.',
  KDR_AUTHORIZER_UNAVAILABLE: 'The plugin could not have the caller’s token reviewed by the API server, so nobody may call; try again.',
  KDR_LISTEN_INVALID:
    'What the environment says about the plugin’s TLS port is wrong or incomplete; the message names the variable. It is never open.',
  KDR_CALLBACK_TOO_MANY: 'One call asked back more often than allowed.',
  KDR_BAD_REQUEST: 'The request is not of the shape that the protocol wants; the message names the field.',
  KDR_REQUEST_TOO_LARGE: 'The request is larger than 1 MiB.',
  KDR_SOCKET_UNUSABLE:
    'The plugin can’t listen on its socket: another process does, something else lies there, or the path is longer than 107 bytes.',
  KDR_BUSY: 'The plugin works on as many calls as it may, or is stopping; try again.',
  KDR_PLUGIN_CRASHED: 'The plugin’s code threw. Its message is in the detail; the stack is in its log.',
  KDR_DUPLICATE_REQUEST: 'The requestId was used before with another body.',
  KDR_INVALID_PLUGIN: 'The definition of the plugin is wrong; the message names the field.',
  KDR_PARAMETERS_INVALID: 'The parameters do not match the plugin’s schema; the message names the field.',
  KDR_STATE_LOCKED: 'Another agent works with this state directory. End it, or choose another directory.',
  KDR_JOURNAL_BROKEN: 'The journal on the node can’t be read or written. Nothing acts until it can.',
  KDR_CEL_INVALID: 'The CEL expression does not compile or did not evaluate to true or false.',
  KDR_UNKNOWN_TRANSITION: 'The state machine has no such step. This is a bug of KDR: please report it.',
  KDR_NOT_RUNNING: 'No API server answers. Start `kdr up`, or pass --kubeconfig.',
  KDR_CONFIG_INVALID: 'A setting from the environment is wrong; the message names the variable and says what it may be.',
  KDR_NOT_IN_CLUSTER:
    'No API server is named, and this is no Pod with a service account. Set KDR_SERVER, KDR_TOKEN_FILE and KDR_CA_FILE, or run it in a Pod.',
  KDR_CREDENTIAL_PLUGIN:
    'The credential plugin of the kubeconfig gave no credential; the message says why. Run it by hand, or log in again.',
  KDR_CLI_USAGE: 'The command line is wrong; the message says how.',
  KDR_NOT_FOUND: 'There is no such object.',
  KDR_NOT_WAITING: 'The Abnormal does not wait for an approval.',
  KDR_UNREADABLE: 'The file can’t be read.',
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** Those that whoever starts a program mends: a flag, a variable, or a file that one of them names. */
const STARTED_WRONGLY: readonly ErrorCode[] = [
  'KDR_CLI_USAGE',
  'KDR_CONFIG_INVALID',
  'KDR_LISTEN_INVALID',
  'KDR_NOT_IN_CLUSTER',
  'KDR_UNREADABLE',
];

/** An error with a stable code. The message says what happened and why; `hint` what to do next. */
export class KdrError extends Error {
  override readonly name = 'KdrError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** What to do next. */
  get hint(): string {
    return ERROR_CODES[this.code];
  }

  /** Whether a program was started wrongly, so that starting it again as it is does not help: exit code 2. */
  get misconfigured(): boolean {
    return STARTED_WRONGLY.includes(this.code);
  }
}

/**
 * Runs something that fails with an error of its own, and gives that a stable code.
 * @param what said before its message, such as the variable that names the file
 * @throws KdrError with that code, and the error as its cause
 */
export function codedAs<T>(code: ErrorCode, work: () => T, what?: string): T {
  try {
    return work();
  } catch (cause) {
    const { message } = cause as Error;
    throw new KdrError(code, what === undefined ? message : `${what}: ${message}`, { cause });
  }
}
