/** Why a cluster could not be had. The codes are stable; `message` says what happened and what to do next. */
export type ClusterErrorCode =
  | 'KDR_CLUSTER_BAD_ARGUMENT'
  | 'KDR_CLUSTER_RUNNING'
  | 'KDR_CLUSTER_NOT_RUNNING'
  | 'KDR_CLUSTER_NO_NETWORK'
  | 'KDR_CLUSTER_START_FAILED'
  | 'KDR_CLUSTER_NOT_CLEAN';

/** The error that this folder throws on purpose; builds and packages throw the `FaultError` of test/faults. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
    this.code = code;
  }
}
