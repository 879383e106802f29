export { type Program, NODE_PLUGINS } from './programs.ts';
export { type Analyzer, analyzers } from './analyzers.ts';
