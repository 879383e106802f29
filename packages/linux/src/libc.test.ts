import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadLibc } from './libc.ts';

describe('the binding of libc', () => {
  it('gives values and the names of errors', () => {
    expect(loadLibc().pidfdOpen(4_194_304)).toEqual({ ok: false, errno: 'ESRCH' }); // one above the highest pid
    expect(loadLibc().flockExclusive(-1)).toEqual({ ok: false, errno: 'EBADF' });
  });

  it('is refused by the fence and a coded error of the lock where the FFI library is not installed', () => {
    const directory = mkdtempSync(join(tmpdir(), 'kdr-libc-'));
    try {
      // Outside of the workspace, and without the search path that pnpm sets, nothing resolves.
      cpSync(fileURLToPath(new URL('.', import.meta.url)), join(directory, 'src'), { recursive: true });
      const source = `
        import { spawn } from 'node:child_process';
        import { createProcfs, createSignalFence, fileLock, processIdentity } from './src/index.ts';
        const { pid } = spawn('sleep', ['1000']);
        const identity = processIdentity(createProcfs(), pid);
        const { outcome, code } = createSignalFence().signal({ identity, signal: 'SIGTERM' });
        process.kill(pid, 'SIGKILL');
        try { fileLock('lock'); } catch (error) { console.log(outcome, code, error.code); }`;
      const run = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
        cwd: directory,
        encoding: 'utf8',
        env: { ...process.env, NODE_PATH: '' },
      });
      expect(run.stdout || run.stderr).toBe('Refused PidfdUnsupported KDR_LIBC_UNAVAILABLE\n');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
