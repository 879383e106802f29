export { plugin } from './collector.ts';
export type { ContainerFindings, Shim, Task } from './findings.ts';
