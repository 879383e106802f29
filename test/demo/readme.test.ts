import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runKdr } from '../e2e/scene.ts';
import { type NonReapingParent, startNonReapingParent } from '../faults/index.ts';

const root = join(import.meta.dirname, '..', '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Commands that other files run, word for word. */
const RUN_ELSEWHERE: Record<string, string> = { 'npm run demo': 'test/demo/clone.ts', 'npm test': '.ci/run' };
const FIXTURE = 'plugins/diagnosers/containerd-shim-deadlock/fixtures/a-deadlocked-v1.2.0-go1.26-1.txt.gz';

const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map((match) => match[1] ?? '');
const commands = blocks('sh')
  .flatMap((block) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '');
/** What README defines for the lines after it. */
const definition = commands.find((line) => line.startsWith('kdr() ')) ?? '';

let directory: string;
let environment: Record<string, string>;
let culprit: NonReapingParent;
let up: ChildProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-readme-'));
  // The source is to report nobody but whom the README names.
  environment = { KDR_STATE_DIR: directory, KDR_UNREAPED_SECONDS: '86400' };
  culprit = await startNonReapingParent({ children: 2 });
  mkdirSync(join(directory, 'cwd'));
  writeFileSync(join(directory, 'shim.log'), gunzipSync(readFileSync(join(root, FIXTURE))));
});
afterAll(async () => {
  await culprit?.stop();
  if (up?.pid !== undefined && up.exitCode === null) {
    process.kill(-up.pid, 'SIGINT');
    await once(up, 'exit');
  }
  rmSync(directory, { recursive: true, force: true });
});

/** Starts one line as a person's shell would. */
function start(line: string, name = '') {
  const script = `set -e\n${definition}\n${line.replaceAll('shim.log', join(directory, 'shim.log'))}\n`;
  const child = spawn('/bin/sh', ['-c', script], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment, KUBECONFIG: undefined, PID: String(culprit.pid), NAME: name },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  return { child, output: () => text };
}

/** What each command must have done. */
const SAYS: [RegExp, RegExp][] = [
  [/^kdr get/, /NAME|No resources found/],
  [/^kdr diagnose/, /ParentDoesNotReap[^]*ApprovalRequired/],
  [/^kdr explain/, /TIMELINE[^]*GATES: Waiting/],
  [/^kdr hold/, /recoveryhold\.kdr\.dev\/freeze created/],
  [/^kdr release/, /recoveryhold\.kdr\.dev\/freeze released/],
  [/^kdr approve/, /approved by/],
  [/^kdr plugins/, /containerd-shim-deadlock +diagnoser +True/],
  [/^kdr analyze/, /Identified: ContainerdShimReaperDeadlock/],
  [/^npm test -- /, /\d+ passed, 0 failed, 0 skipped/],
  [/^npm run bench/, /P13/],
  [/^npm run build/, /^(?!.*error)/],
];

describe('README.md', () => {
  it('is at most 150 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  it('shows the very plugin that the SDK’s own test runs', () => {
    const sdk = readFileSync(join(root, 'packages', 'plugin-sdk', 'README.md'), 'utf8');
    expect(blocks('ts')).toEqual([/```ts file=disk-full\.ts\n([^]*?)```/.exec(sdk)?.[1]]);
  });

  it('links only to what exists', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });

  it('has a command for each thing that it promises', () => {
    expect(commands.filter((line) => line.startsWith('kdr ')).map((line) => line.split(' ')[1])).toEqual([
      'up',
      'get',
      'diagnose',
      'explain',
      'hold',
      'release',
      'approve',
      'plugins',
      'analyze',
    ]);
  });

  it.each(commands.filter((line) => line !== definition))('%s', { timeout: 240_000 }, async (line) => {
    const elsewhere = RUN_ELSEWHERE[line];
    if (elsewhere !== undefined) {
      expect(readFileSync(join(root, elsewhere), 'utf8').replaceAll(/[',]/g, '')).toContain(line);
      return;
    }
    if (line === 'kdr up') {
      const { child, output } = start(line);
      up = child;
      while (!output().includes('kdr is up')) {
        expect(child.exitCode, output()).toBeNull();
        await sleep(50);
      }
      // As a person would: once the plugins have come.
      while (!(await runKdr(['plugins'], environment)).stdout.includes('containerd-shim-kill')) await sleep(200);
      return;
    }
    const names = line.includes('$NAME') ? (await runKdr(['get', 'abnormals', '-o', 'name'], environment)).stdout.trim().split('\n') : [];
    const { child, output } = start(line, names.at(-1)?.replace(/^.*\//, ''));
    await once(child, 'close');
    expect(child.exitCode, output()).toBe(0);
    const said = SAYS.filter(([command]) => command.test(line));
    expect(said, `what ${line} is to say`).toHaveLength(1);
    expect(output()).toMatch(said[0]?.[1] ?? '');
  });

  it('and what was approved is done', { timeout: 60_000 }, async () => {
    while (culprit.isAlive()) await sleep(100);
    while (!(await runKdr(['get', 'abnormals'], environment)).stdout.includes('Succeeded')) await sleep(500);
  });
});
