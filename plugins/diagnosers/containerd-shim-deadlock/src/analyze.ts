export { analyzeGoroutines } from './analyze-goroutines.ts';
