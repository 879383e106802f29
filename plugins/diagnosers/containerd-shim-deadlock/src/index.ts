export { plugin } from './diagnoser.ts';
