import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { SignalOutcome } from './signal-fence.ts';

describe('a pid that was reused', () => {
  // Really reused, by ns_last_pid in a pid namespace of its own; an ordinary user needs a user namespace for that.
  it('is never signalled, at whatever moment of the fence the target ends and another process takes its pid', () => {
    const scene = fileURLToPath(new URL('testing/pid-reuse-scene.ts', import.meta.url));
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const run = spawnSync('unshare', [...user, '--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, scene], {
      encoding: 'utf8',
    });
    const moments = JSON.parse(run.stdout || JSON.stringify(run.stderr)) as { outcome: SignalOutcome; successorUntouched: boolean }[];
    expect(moments).toMatchObject([
      { outcome: { outcome: 'TargetGone', code: 'Replaced' }, successorUntouched: true }, // before the call
      { outcome: { outcome: 'TargetGone' }, successorUntouched: true }, // during the first look
      { outcome: { outcome: 'TargetGone', code: 'Replaced' }, successorUntouched: true }, // between the look and pidfd_open
      { outcome: { outcome: 'TargetGone' }, successorUntouched: true }, // after pidfd_open, during the second look
      { outcome: { outcome: 'TargetGone', code: 'NoSuchProcess' }, successorUntouched: true }, // after the last look: only the pidfd helps
    ]);
  });
});
