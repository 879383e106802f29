export { createApiClient } from './api-client.ts';
export type { ApiClient, ApiClientOptions, DeleteOptions, ListOptions, ObjectAddress, RequestLimits, WatchOptions } from './api-client.ts';
export { ApiError } from './api-error.ts';
export type { Status, StatusDetails } from './api-error.ts';
export { inClusterConfig } from './api-server-config.ts';
export type { ApiServerConfig, TokenSource } from './api-server-config.ts';
export { jitteredBackoff } from './backoff.ts';
export { sleep, systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export { createController } from './controller.ts';
export type { Controller, ControllerOptions, Reconcile, ReconcileResult } from './controller.ts';
export type { EventSeverity } from './event-correlator.ts';
export { createEventRecorder } from './event-recorder.ts';
export type { CoreEvent, EventRecorder, EventRecorderOptions } from './event-recorder.ts';
export { createInformer } from './informer.ts';
export type { Change, Informer, InformerOptions } from './informer.ts';
export { objectKey, referenceTo, splitKey } from './kubernetes-object.ts';
export type { KubernetesObject, ObjectList, ObjectMeta, ObjectReference, OwnerReference } from './kubernetes-object.ts';
export { createLeaderElector } from './leader-elector.ts';
export type { LeaderElector, LeaderElectorOptions } from './leader-elector.ts';
export type { Lease } from './lease.ts';
export { createLeaseHeartbeat } from './lease-heartbeat.ts';
export type { LeaseHeartbeat, LeaseHeartbeatOptions } from './lease-heartbeat.ts';
export { createLogger, silentLogger } from './logger.ts';
export type { Logger, LogLevel } from './logger.ts';
export { mergePatch } from './merge-patch.ts';
export { reviewAccess } from './subject-access-review.ts';
export type { AccessReview, Requester, ResourceAccess } from './subject-access-review.ts';
export { counterIn, gaugeIn, histogramIn } from './metrics.ts';
export { microTime, secondsTime } from './micro-time.ts';
export type { IndexFunction } from './object-store.ts';
export { patchMetadata, patchStatus } from './patch-object.ts';
export type { EditableMetadata, PatchOptions } from './patch-object.ts';
export { createProbeServer } from './probe-server.ts';
export type { ProbeCheck, ProbeServer, ProbeServerOptions } from './probe-server.ts';
export { runProgram } from './program.ts';
export type { ProgramHelp, ProgramOptions } from './program.ts';
export {
  apiVersionOf,
  collectionPath,
  configMapType,
  customResourceDefinitionType,
  eventType,
  leaseType,
  namespaceType,
  nodeType,
  objectPath,
  podType,
  secretType,
  validatingWebhookConfigurationType,
} from './resource-type.ts';
export type { ResourceType } from './resource-type.ts';
export { serviceAccountOwner } from './service-account-owner.ts';
export { runTogether, StopTimeoutError } from './run-together.ts';
export type { Runnable } from './run-together.ts';
export { createTokenBucket } from './token-bucket.ts';
export type { TokenBucket } from './token-bucket.ts';
export type { WatchEvent } from './watch-stream.ts';
export { createWorkQueue } from './work-queue.ts';
export type { WorkQueue, WorkQueueOptions } from './work-queue.ts';
