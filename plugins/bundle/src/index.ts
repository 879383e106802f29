export { type Program, nodePlugins } from './programs.ts';
export { type Analyzer, analyzers } from './analyzers.ts';
