import { execa } from 'execa';
import { type LogReader, MAX_LOG_BYTES } from './log-reader.ts';

const TIMEOUT_MS = 5000;

/**
 * Asks the journal for what these processes logged from now on. `-a`: messages over 4096 bytes in full. A dump is longer than LineMax
 * (48 KiB, journald.conf(5)), so it comes in pieces, one a line.
 */
export function journalReader(pids: readonly number[], directory: string | undefined): LogReader {
  const since = `@${(Date.now() / 1000).toFixed(3)}`;
  const place = directory === undefined ? [] : ['--directory', directory];
  const matches = pids.map((pid) => `_PID=${pid}`);
  const args = [...place, ...matches, '--since', since, '--output', 'cat', '--all', '--quiet', '--no-pager'];
  return {
    where: `the journal of ${pids.join(' and ')}`,
    exclusive: false,
    async read() {
      const { stdout } = await execa('journalctl', args, {
        ...{ timeout: TIMEOUT_MS, killSignal: 'SIGKILL', stdin: 'ignore', reject: false },
        maxBuffer: MAX_LOG_BYTES,
      });
      return stdout ?? '';
    },
    close: () => Promise.resolve(),
  };
}

/** Whether there is a journalctl to ask. */
export async function hasJournal(): Promise<boolean> {
  const { failed } = await execa('journalctl', ['--version'], { timeout: TIMEOUT_MS, stdin: 'ignore', reject: false });
  return !failed;
}
