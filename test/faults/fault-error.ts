/** Why a fault could not be made. The codes are stable; `message` says what happened and what to do next. */
export type FaultErrorCode =
  | 'KDR_FAULTS_NOT_ROOT'
  | 'KDR_FAULTS_NO_APT'
  | 'KDR_FAULTS_INSTALL_FAILED'
  | 'KDR_FAULTS_MISSING_PROGRAM'
  | 'KDR_FAULTS_BUILD_FAILED'
  | 'KDR_FAULTS_START_FAILED'
  | 'KDR_FAULTS_PATH_TOO_LONG'
  | 'KDR_FAULTS_NOT_OURS'
  | 'KDR_FAULTS_NOT_CLEAN'
  | 'KDR_FAULTS_TIMEOUT'
  | 'KDR_FAULTS_MISSED'
  | 'KDR_FAULTS_UNSUPPORTED'
  | 'KDR_FAULTS_BAD_ARGUMENT';

/** The only error type that this folder throws on purpose. */
export class FaultError extends Error {
  readonly code: FaultErrorCode;

  constructor(code: FaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FaultError';
    this.code = code;
  }
}
