export { type CollectorDefinition, defineCollector } from './collector.ts';
export { type DiagnoseContext, type DiagnoserDefinition, defineDiagnoser } from './diagnoser.ts';
export { type ActContext, type PlanContext, type RecovererDefinition, defineRecoverer } from './recoverer.ts';
export { type CommonDefinition, type NeedOption } from './definition.ts';
export { type AskingContext, type PluginContext } from './context.ts';
export { type ArtifactContent, type Plugin } from './plugin.ts';
export { type ServeOptions, type Served, serve } from './serve.ts';
export { type Authorize } from './plugin-server.ts';
