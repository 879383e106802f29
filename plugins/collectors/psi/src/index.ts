export { plugin } from './collector.ts';
export type { PressureFindings } from './findings.ts';
