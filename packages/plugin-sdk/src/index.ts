export { type CollectorDefinition, defineCollector } from './collector.ts';
export { type DiagnoseContext, type DiagnoserDefinition, defineDiagnoser } from './diagnoser.ts';
export { type ActContext, type PlanContext, type RecovererDefinition, defineRecoverer } from './recoverer.ts';
export { type CommonDefinition, type NeedOption } from './definition.ts';
export { type AskingContext, type PluginContext } from './context.ts';
export { type ArtifactContent, type CallServices, type Plugin, type PluginAnswer, type PluginRequest } from './plugin.ts';
export { type ServeOptions, type Served, serve } from './serve.ts';
export { type Authorize, type Caller } from './caller.ts';
export { PLUGIN_AUDIENCE } from './token-review.ts';
// The vocabulary that authors meet, so that a plugin needs this package alone.
export {
  type ActAnswer,
  type Artifact,
  type CollectAnswer,
  type CollectRequest,
  type ContainerIdentity,
  type DiagnoseAnswer,
  type DiagnoseRequest,
  type Diagnosis,
  type Envelope,
  type ErrorCode,
  type Evidence,
  type Intrusive,
  type Manifest,
  type NodeIdentity,
  type PlanAnswer,
  type PodIdentity,
  type ProbeAnswer,
  type ProcessIdentity,
  type Purpose,
  type RecoverAnswer,
  type RecoverRequest,
  type Role,
  type Severity,
  type TargetIdentity,
  KdrError,
  LIMITS,
  sameTarget,
  targetKey,
} from '@kdr/api-types';
