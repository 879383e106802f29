import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { defineRecoverer } from './index.ts';

/** A recoverer of the tests: its act leaves a line in the file `effects`, then does what the parameter `then` says. */
export function writingRecoverer(effects: string, name: string, probe: boolean) {
  return defineRecoverer({
    name,
    parameters: Type.Object({ then: Type.String({ default: 'return' }) }),
    plan: () => ({ outcome: 'Planned', actions: [{ action: 'Write', description: 'a line' }] }),
    async act({ attemptId, parameters }) {
      appendFileSync(effects, `${attemptId}\n`);
      if (parameters.then === 'hang') await sleep(600_000);
      if (parameters.then === 'throw') throw new Error('in the middle');
      if (parameters.then === 'wait') await sleep(500);
      if (parameters.then === 'fail') return { outcome: 'Failed', reason: 'no', retryable: true };
      if (parameters.then === 'gone') return { outcome: 'TargetGone' };
      return { outcome: 'Acted', actions: [{ action: 'Write', description: `a line for ${attemptId}` }] };
    },
    ...(probe && { probe: () => ({ outcome: existsSync(effects) ? ('Done' as const) : ('NotDone' as const) }) }),
  });
}
