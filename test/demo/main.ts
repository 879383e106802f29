// npm run demo [-- --yes]: a real fault on this machine, found, proven, repaired, verified; then everything is taken away again.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { isTerminal } from '@kdr/api-types';
import { cleanUpAbandoned } from '../faults/index.ts';
import { makeDemoDirectory, removeAbandonedDirectories } from './demo-directory.ts';
import { type DemoFault, shimDeadlock, toInstall, unreapedChildren } from './fault.ts';
import { follow, othersSeen } from './live-view.ts';
import { startPlatform } from './platform.ts';
import { allowOnly, observeEverything } from './policies.ts';
import { createScreen, paint } from './screen.ts';

const LONGEST_MS = 90_000;

const { values } = parseArgs({ options: { yes: { type: 'boolean', short: 'y' }, fault: { type: 'string' } }, allowPositionals: true });
const screen = createScreen(process.stdout, () => Date.now());
const stop = new AbortController();
const { signal } = stop;
const undo: (() => Promise<void> | void)[] = [];
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
// A reader that has seen enough (`npm run demo | head`) ends the demo as Ctrl-C does.
process.stdout.on('error', () => stop.abort());

/** As root on Debian with apt the real bug; for anybody else what anybody can make. */
async function choose(): Promise<DemoFault> {
  if (process.getuid?.() !== 0 || values.fault === 'unreaped-children') return unreapedChildren();
  const missing = toInstall();
  if (missing.length > 0) {
    screen.step(`To make the real fault these Debian packages are installed (no service is started):\n${missing.join('\n')}`);
    if (values.yes !== true && process.stdin.isTTY && !(await agrees())) return unreapedChildren();
  }
  return shimDeadlock(screen.step, signal);
}

async function agrees(): Promise<boolean> {
  const question = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await question.question('Go on? [y/N] ', { signal }).finally(() => question.close());
  return /^y/i.test(answer);
}

/** What an earlier demo left that was killed. */
async function cleanUpEarlier(): Promise<void> {
  const left = [...(await removeAbandonedDirectories()), ...(await cleanUpAbandoned())];
  if (left.length > 0) screen.step(`Took away what an earlier run had left: ${left.join(', ')}`);
}

async function demo(): Promise<boolean> {
  await cleanUpEarlier();
  signal.throwIfAborted();
  const fault = await choose();
  undo.push(() => fault.cleanUp());
  signal.throwIfAborted();
  const directory = makeDemoDirectory();
  undo.push(() => rmSync(directory, { recursive: true, force: true }));
  screen.step('Starting KDR on this machine: kdr up');
  const kdr = await startPlatform(directory, {
    KDR_UNREAPED_SECONDS: String(fault.thresholdSeconds),
    KDR_UNREAPED_INTERVAL_SECONDS: '1',
    KDR_UNREAPED_QUIET_SECONDS: '5',
  });
  undo.push(() => kdr.stop());
  await observeEverything(kdr.client);
  signal.throwIfAborted();

  screen.step(`The fault: ${paint('bold', fault.title)}`);
  const { existsSince, culprit, story } = await fault.make((allowed) => allowOnly(kdr.client, allowed), signal);
  signal.throwIfAborted();
  screen.step(`It is there: ${story}`);
  screen.step(
    `KDR may act on pid ${culprit.pid} alone (RecoveryPolicy demo). It reports zombies after ${fault.thresholdSeconds} s; waiting for it`,
  );
  const result = await follow(kdr.client, culprit.pid, screen.step, AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]));
  signal.throwIfAborted();
  if (result === undefined || !isTerminal(result.status?.phase)) {
    screen.step(`KDR came to no end in ${LONGEST_MS / 1000} s`);
    return false;
  }
  const seconds = (Date.parse(result.status?.completionTime ?? '') - existsSince) / 1000;
  screen.step(`${seconds.toFixed(1)} s from the fault to ${result.status?.phase}. The machine’s own word: ${await fault.witness()}`);
  const others = await othersSeen(kdr.client, culprit.pid);
  if (others.length > 0) screen.step(`KDR also saw, without touching it:\n${others.join('\n')}`);
  screen.plain(`\n$ kdr explain ${result.metadata.name}\n${await kdr.kdr(['explain', result.metadata.name])}\n`);
  return result.status?.phase === 'Succeeded' && result.status.reason === 'Recovered';
}

async function takeAway(): Promise<boolean> {
  screen.step(signal.aborted ? 'Stopped: taking everything away again' : 'Taking everything away again');
  let clean = true;
  for (const step of undo.reverse()) {
    await Promise.resolve()
      .then(step)
      .catch((error: unknown) => {
        clean = false;
        console.error(error);
      });
  }
  return clean;
}

const good = await demo().catch((error: unknown) => {
  if (!signal.aborted) console.error(error);
  return false;
});
const clean = await takeAway();
if (good && clean)
  screen.step('Done. Nothing of the demo is left but packages and caches. For real use: npx --yes pnpm@10.34.9 exec kdr up');
else screen.step(paint('red', clean ? 'The demo did not come to its end.' : 'Not everything could be taken away: see above.'));
process.exit(signal.aborted ? 130 : good && clean ? 0 : 1);
