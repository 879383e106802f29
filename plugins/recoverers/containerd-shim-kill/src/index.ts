export { plugin } from './recoverer.ts';
