export { plugin } from './collector.ts';
export type { ProcessFindings } from './findings.ts';
