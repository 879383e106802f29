import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@kdr/controller-runtime';
import { describe, expect, it } from 'vitest';
import { awaitStateLock } from './state-lock.ts';
import { createTargetLocks } from './target-lock.ts';

describe('the lock of a target', () => {
  it('is held by one Abnormal, who may take it again; the other is woken once when it is free', () => {
    const locks = createTargetLocks();
    const woken: string[] = [];
    expect(locks.take('t', 'u1', () => woken.push('u1'))).toBe(true);
    expect(locks.take('t', 'u1', () => woken.push('u1'))).toBe(true);
    expect([1, 2].map(() => locks.take('t', 'u2', () => woken.push('u2')))).toEqual([false, false]);
    expect(locks.take('other', 'u2', () => undefined)).toBe(true);
    locks.release('u1');
    expect(woken).toEqual(['u2']);
    expect(locks.take('t', 'u2', () => undefined)).toBe(true);
  });

  it('is held from the start for an attempt that a crash left open', () => {
    const locks = createTargetLocks([{ key: 't', uid: 'crashed' }]);
    expect(locks.take('t', 'u2', () => undefined)).toBe(false);
    expect(locks.take('t', 'crashed', () => undefined)).toBe(true);
  });
});

describe('the lock of a state directory', () => {
  it('is waited for while another process holds it, and taken when that is killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kdr-lock-'));
    const script = `import { fileLock } from '@kdr/linux'; fileLock(${JSON.stringify(join(directory, 'agent.lock'))}); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--conditions=kdr-source', '--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    let taken = false;
    const waiting = awaitStateLock(directory, AbortSignal.timeout(10_000), silentLogger()).then((lock) => {
      taken = true;
      return lock;
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(taken).toBe(false);
    holder.kill('SIGKILL');
    const lock = await waiting;
    expect(lock).toBeDefined();
    lock?.release();
    rmSync(directory, { recursive: true, force: true });
  });
});
