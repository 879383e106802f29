export { type Program, NODE_PLUGINS, NODE_SOURCES } from './programs.ts';
export { type Analyzer, analyzers } from './analyzers.ts';
