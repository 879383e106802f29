export { type UpOptions, up } from './up/up.ts';
export { run } from './run.ts';
export { explanation } from './explanation.ts';
