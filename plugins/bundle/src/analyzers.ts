import type { DiagnoseAnswer } from '@kdr/plugin-sdk';
import { analyzeGoroutines } from '@kdr/diagnoser-containerd-shim-deadlock/analyze';

/** Reads a saved file for people, without a node: `kdr analyze WHAT FILE`. */
export interface Analyzer {
  /** What it reads: the word on the command line. */
  what: string;
  description: string;
  analyze(text: string): DiagnoseAnswer;
}

/** Every analyzer of the reference plugins. */
export const analyzers: readonly Analyzer[] = [
  {
    what: 'goroutines',
    description: 'a Go goroutine dump, or a log that holds one: is it the containerd shim deadlock (PR 3529)?',
    analyze: (text) => withTarget(analyzeGoroutines(text)),
  },
];

/** A saved file proves a cause, but not which process of which machine it is today: the target carries no identity, so nothing can act on it. */
function withTarget(answer: ReturnType<typeof analyzeGoroutines>): DiagnoseAnswer {
  return answer.outcome === 'Identified' ? { ...answer, target: { kind: 'Process' } } : answer;
}
