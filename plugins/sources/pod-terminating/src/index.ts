export { type SourceDependencies, POD_LABEL, createSource, name, place } from './source.ts';
export { type Config, readConfig } from './config.ts';
