// npm run demo [-- --yes]: a real fault on this machine, found, proven, repaired, verified; then everything is taken away again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { isTerminal } from '@kdr/api-types';
import { shimDeadlock, toInstall, unreapedChildren } from './fault.ts';
import { follow } from './live-view.ts';
import { startPlatform } from './platform.ts';
import { allowOnly, observeEverything } from './policies.ts';

const { values } = parseArgs({ options: { yes: { type: 'boolean', short: 'y' }, fault: { type: 'string' } }, allowPositionals: true });
const begun = Date.now();
const print = (text: string) => console.log(`${String(((Date.now() - begun) / 1000).toFixed(1)).padStart(6)} s  ${text}`);
const stop = new AbortController();
const undo: (() => Promise<void> | void)[] = [];
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());

/** As root on Debian with apt the real bug; for anybody else what anybody can make. */
async function choose() {
  const root = process.getuid?.() === 0;
  if (!root || values.fault === 'unreaped-children') return unreapedChildren();
  const missing = toInstall();
  if (missing.length > 0) {
    print(`To make the real fault these Debian packages are installed (no service is started):\n          ${missing.join('\n          ')}`);
    if (values.yes !== true && process.stdin.isTTY) {
      const question = createInterface({ input: process.stdin, output: process.stdout });
      const answer = await question.question('Go on? [y/N] ', { signal: stop.signal });
      question.close();
      if (!/^y/i.test(answer)) return unreapedChildren();
    }
  }
  return shimDeadlock(print);
}

async function demo(): Promise<boolean> {
  const fault = await choose();
  undo.push(() => fault.cleanUp());
  stop.signal.throwIfAborted();
  const directory = mkdtempSync(join(tmpdir(), 'kdr-demo-'));
  undo.push(() => rmSync(directory, { recursive: true, force: true }));
  print('Starting KDR on this machine: kdr up');
  const kdr = await startPlatform(directory, {
    KDR_UNREAPED_SECONDS: String(fault.thresholdSeconds),
    KDR_UNREAPED_INTERVAL_SECONDS: '1',
    KDR_UNREAPED_QUIET_SECONDS: '5',
  });
  undo.push(() => kdr.stop());
  await observeEverything(kdr.client);
  stop.signal.throwIfAborted();

  print(`The fault: ${fault.title}`);
  const { existsSince, culprit, story } = await fault.make((allowed) => allowOnly(kdr.client, allowed));
  stop.signal.throwIfAborted();
  print(`It is there: ${story}`);
  print(`KDR may act on pid ${culprit.pid} alone (RecoveryPolicy demo: Auto); anything else it only reports`);
  const result = await follow(kdr.client, culprit.pid, print, AbortSignal.any([stop.signal, AbortSignal.timeout(90_000)]));
  stop.signal.throwIfAborted();
  if (result === undefined || !isTerminal(result.status?.phase)) {
    print('KDR came to no end in 90 s');
    return false;
  }
  const seconds = (Date.parse(result.status?.completionTime ?? '') - existsSince) / 1000;
  print(`${seconds.toFixed(1)} s from the fault to ${result.status?.phase}. The machine's own word: ${await fault.witness()}\n`);
  console.log(`$ kdr explain ${result.metadata.name}\n${await kdr.kdr(['explain', result.metadata.name])}\n`);
  return result.status?.phase === 'Succeeded' && result.status.reason === 'Recovered';
}

let good = false;
try {
  good = await demo();
} catch (error) {
  if (!stop.signal.aborted) console.error(error);
} finally {
  print(stop.signal.aborted ? 'Stopped: taking everything away again' : 'Taking everything away again');
  for (const step of undo.reverse()) await Promise.resolve(step()).catch((error: unknown) => console.error(error));
}
print(good ? 'Done. Nothing of the demo is left. For real use: npx --yes pnpm@10.34.9 exec kdr up' : 'The demo did not come to its end.');
process.exit(stop.signal.aborted ? 130 : good ? 0 : 1);
