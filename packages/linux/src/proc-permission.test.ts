import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';

// Drops to nobody's user id where it runs as root; an ordinary user is not allowed to see pid 1 either.
const script = `
  if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }
  const answer = {};
  try { answer.exe = procfs.exe(1) ?? 'absent'; } catch (error) { answer.error = { name: error.name, code: error.code, path: error.path, message: error.message }; }
  answer.identity = processIdentity(procfs, 1);
  answer.fence = createSignalFence().signal({ identity: processIdentity(procfs, process.ppid), signal: 'SIGTERM' }).code;
  console.log(JSON.stringify(answer));
`;

describe('without privileges', () => {
  it('what may not be read is a coded error, an identity without program, and a refusal', () => {
    const index = fileURLToPath(new URL('index.ts', import.meta.url));
    const source = `import { createProcfs, createSignalFence, processIdentity } from ${JSON.stringify(index)}; const procfs = createProcfs(); ${script}`;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', source], { encoding: 'utf8' });
    const answer = JSON.parse(run.stdout || JSON.stringify(run.stderr)) as Record<string, unknown>;
    expect(answer).toMatchObject({
      error: {
        name: 'ProcError',
        code: 'KDR_PROC_PERMISSION_DENIED',
        path: '/proc/1/exe',
        message: expect.stringContaining('CAP_SYS_PTRACE') as string,
      },
      identity: { pid: 1, startTicks: expect.any(String) as string },
      fence: 'OwnAncestor',
    });
    expect(answer.identity).not.toHaveProperty('exe');
  });
});
