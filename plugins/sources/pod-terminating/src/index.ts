export { type SourceDependencies, createSource, name, place } from './source.ts';
export { POD_LABEL } from './report.ts';
export { type Config, readConfig } from './config.ts';
