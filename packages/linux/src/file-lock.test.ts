import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLock, fileLockHolder } from './file-lock.ts';

let directory = '';
let path = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-lock-'));
  path = join(directory, 'lock');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Another process that takes the lock, starts a child of its own and says how it went. */
async function otherProcess(): Promise<{ child: ChildProcess; answer: string }> {
  const source = `
    import { spawn } from 'node:child_process';
    import { fileLock } from ${JSON.stringify(fileURLToPath(new URL('file-lock.ts', import.meta.url)))};
    const lock = fileLock(${JSON.stringify(path)});
    const heir = spawn('sleep', ['3'], { stdio: 'ignore', detached: true });
    console.log(lock ? 'held' : 'refused');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, answer: chunk.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('fileLock', () => {
  it('is held by one process at a time, and SIGKILL of the holder frees it though its own child lives on', async () => {
    const { child, answer } = await otherProcess();
    expect(answer).toBe('held');
    expect(fileLock(path)).toBeUndefined();
    expect(fileLockHolder(path)).toBe(child.pid);
    await kill(child);
    const lock = fileLock(path);
    expect(lock?.path).toBe(path);
    expect(fileLockHolder(path)).toBe(process.pid);
    lock?.release();
  });

  it('is refused to another process, and to this one, until it is released', async () => {
    const lock = fileLock(path);
    expect(fileLock(path)).toBeUndefined();
    const { child, answer } = await otherProcess();
    await kill(child);
    expect(answer).toBe('refused');
    lock?.release();
    lock?.release();
    const again = fileLock(path);
    expect(again).toBeDefined();
    again?.release();
  });

  it('names the path and the reason when the file cannot be opened', () => {
    const missing = join(directory, 'no/such/directory');
    expect(() => fileLock(missing)).toThrow(
      expect.objectContaining({
        code: 'KDR_FILE_LOCK_FAILED',
        path: missing,
        message: expect.stringContaining('ENOENT') as string,
      }) as Error,
    );
  });

  it('follows no link that somebody planted under its name', () => {
    writeFileSync(join(directory, 'other'), 'precious');
    symlinkSync(join(directory, 'other'), path);
    expect(() => fileLock(path)).toThrow('ELOOP');
  });

  it('has no holder where there is no file, or no pid in it', () => {
    expect(fileLockHolder(path)).toBeUndefined();
    writeFileSync(path, 'x');
    expect(fileLockHolder(path)).toBeUndefined();
  });
});
