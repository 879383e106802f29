import { spawn } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { straceReader } from './strace-reader.ts';

const writer = spawn(process.execPath, ['-e', 'setInterval(() => require("fs").writeSync(1, "said to nobody\\n"), 50)'], {
  stdio: 'ignore',
});
afterAll(() => void writer.kill('SIGKILL'));

test('reads what a process writes to /dev/null, and leaves it as it was; or says why it can’t', async () => {
  const traced = await straceReader(writer.pid ?? 0, new AbortController().signal);
  if ('refused' in traced) {
    // A machine without strace, or one that lets nobody trace: both are answers.
    expect(traced.refused).toMatch(/not installed|could not attach/);
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await traced.reader.read()).toContain('</dev/null>, "said to nobody');
  await traced.reader.close();
  expect(writer.exitCode ?? writer.signalCode).toBeNull();
});

test('says that a process that is gone could not be traced', async () => {
  expect(await straceReader(4_194_304, new AbortController().signal)).toMatchObject({
    refused: expect.stringMatching(/not installed|could not attach/),
  });
});
