import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** What a page tells its reader to type: files by name, shell commands by step. */
export interface Walkthrough {
  files: Record<string, string>;
  steps: Record<string, string>;
}

/** Reads the code blocks of a page that are marked `file=NAME` or `step=NAME`. */
export function readWalkthrough(page: string): Walkthrough {
  const found: Walkthrough = { files: {}, steps: {} };
  for (const [, kind, name, code] of readFileSync(join(root, page), 'utf8').matchAll(/```\w+ (file|step)=(\S+)\n([^]*?)```/g))
    found[kind === 'file' ? 'files' : 'steps'][name ?? ''] = code ?? '';
  return found;
}
