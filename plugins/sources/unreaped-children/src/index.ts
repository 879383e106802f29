export { type SourceDependencies, createSource, name, place } from './source.ts';
export { type Config, readConfig } from './config.ts';
