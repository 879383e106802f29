import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Abnormal, DiagnoseAnswer, RESOURCES, shapeError } from '@kdr/api-types';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { KDR, startPlatform } from '../demo/platform.ts';
import { type NonReapingParent, startNonReapingParent } from '../faults/index.ts';
import { readFixture } from '../../plugins/diagnosers/containerd-shim-deadlock/src/read-fixture.ts';
import { kubectlPath } from '../tools/kubectl.ts';
import { type RunResult, type Scene, openScene, runKdr } from './scene.ts';

vi.setConfig({ testTimeout: 180_000 });
let scene: Scene;
let culprit: NonReapingParent;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'kdr-cli-'));
  scene = await openScene();
  culprit = await startNonReapingParent({ children: 2 });
  await scene.allow(culprit.pid, { mode: 'Approve' });
}, 120_000);
afterAll(async () => {
  await culprit?.stop();
  await scene?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const kdr = (line: string, stdin = '') => scene.kdr(line.split(' '), stdin);
async function prints(line: string): Promise<string> {
  const { code, stdout, stderr } = await kdr(line);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}
/** Without a server, and whatever else the environment of this machine says. */
const alone = (args: string[], stdin = ''): Promise<RunResult> =>
  runKdr(args, { KUBECONFIG: join(scratch, 'no-kubeconfig'), KDR_STATE_DIR: scratch }, stdin);

describe('kdr diagnose', () => {
  let name: string;
  it('looks at a process, waits, and explains what it is and who must decide', async () => {
    const { code, stdout, stderr } = await kdr(`diagnose --pid ${culprit.pid} --diagnoser unreaped-children`);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^abnormal\.kdr\.dev\/diagnose-\S+ created; looking …\n$/)]);
    name = /diagnose-\S+/.exec(stderr)?.[0] ?? '';
    expect(stdout).toMatch(new RegExp(`^default/${name} +UnreapedChildren on ${scene.node} +Recovering`));
    for (const section of ['TIMELINE', 'DIAGNOSIS', 'PLAN', 'GATES: Waiting \\(ApprovalRequired\\), policy pid-', 'WHAT NOW'])
      expect(stdout).toMatch(new RegExp(`^${section}`, 'm'));
    expect(stdout).toContain(`ParentDoesNotReap: process ${culprit.pid}`);
    expect(stdout).toMatch(/approval +Wait +ApprovalRequired/);
    expect(stdout).toContain(`kdr approve ${name} -n default`);
  });

  it('exits 1 where nothing is identified, and says why', async () => {
    const { code, stdout } = await kdr(`diagnose --pid ${process.pid} --diagnoser unreaped-children`);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/Failed \(NotIdentified\)[^]*SAID NO\n +unreaped-children: NotIdentified: /)]);
  });

  it('prints the name alone with --no-wait', async () => {
    expect((await kdr(`diagnose --pid ${process.pid} --fault NeverHeardOf --no-wait`)).stdout).toMatch(/^diagnose-\S+\n$/);
  });

  it.each([
    ['diagnose', 'say what to look at'],
    ['diagnose --pid 1', '--pid must be a process id above 1'],
    ['diagnose --pid abc', '--pid must be a process id above 1'],
    ['diagnose --container lxc://x', '--container must be'],
  ])('%s is a usage error', async (line, says) => {
    const { code, stderr } = await kdr(line);
    expect([code, stderr]).toEqual([2, expect.stringMatching(new RegExp(`^Error \\(KDR_CLI_USAGE\\): .*${says}`))]);
  });

  it('explains it again, also as JSON and YAML', async () => {
    expect(await prints(`explain ${name}`)).toContain('DIAGNOSIS');
    const json = JSON.parse(await prints(`explain ${name} -o json`)) as { abnormal: Abnormal; events: { reason: string }[] };
    expect(json.abnormal.status?.diagnosis?.cause).toBe('ParentDoesNotReap');
    expect((parse(await prints(`explain ${name} -o yaml`)) as typeof json).abnormal.metadata.name).toBe(name);
    await kdr(`deny ${name}`);
    await scene.end(name);
    expect(await prints(`explain ${name}`)).toMatch(/Failed \(ApprovalDenied\)/);
  });
});

describe('kdr get', () => {
  it('prints tables like kubectl’s', async () => {
    const header = (text: string) => text.split('\n')[0]?.split(/ {2,}/);
    expect(header(await prints('get abn'))).toEqual(['NAME', 'NODE', 'FAULT', 'PHASE', 'CAUSE', 'REASON', 'AGE']);
    expect(header(await prints('get abnormals -o wide'))).toEqual(expect.arrayContaining(['DIAGNOSER', 'RECOVERER', 'SOURCE']));
    expect(header(await prints('get abn -A'))?.[0]).toBe('NAMESPACE');
    expect(await prints('get abn -A --no-headers')).toMatch(/^default +diagnose-/);
    expect(await prints('get rp default --no-headers')).toMatch(/^default +Observe +true +Deny +\d+s\n$/);
  });

  it('prints names, JSON and YAML', async () => {
    expect(await prints('get rp default -o name')).toBe('recoverypolicy.kdr.dev/default\n');
    expect(JSON.parse(await prints('get rp default -o json'))).toMatchObject({ kind: 'RecoveryPolicy', spec: { mode: 'Observe' } });
    expect(JSON.parse(await prints('get abn -o json'))).toMatchObject({
      kind: 'List',
      items: [{ kind: 'Abnormal', apiVersion: 'kdr.dev/v1alpha1' }, {}, {}],
    });
    expect(parse(await prints('get diag unreaped-children -o yaml'))).toMatchObject({
      kind: 'Diagnoser',
      metadata: { name: 'unreaped-children' },
    });
  });

  it('selects by field', async () => {
    expect(await prints('get abn --field-selector spec.fault=NeverHeardOf -o name')).toMatch(/^abnormal\.kdr\.dev\/diagnose-\S+\n$/);
    expect(await kdr('get abn --field-selector spec.fault=Nothing')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No resources found in default namespace.\n',
    });
  });

  it('goes on with what changes: -w, until it is stopped', async () => {
    const child = spawn(process.execPath, [KDR, 'get', 'hold', '-w'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, KUBECONFIG: scene.platform.kubeconfig },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    // Whether the watch is there yet can't be seen: holds are made until one is told.
    let made = 0;
    const timer = setInterval(() => void kdr(`hold node nowhere --reason watched --name watched-${++made}`), 1_000);
    try {
      expect((await lines.next()).value).toMatch(/^(?:NAME +ALL|watched-\d+ )/);
    } finally {
      clearInterval(timer);
    }
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });

  it.each([
    ['get nonsense', 2, /^Error \(KDR_CLI_USAGE\): there is no kind "nonsense"\. Kinds: abnormals \(abn\)/],
    ['get abn absent', 1, /^Error from server \(NotFound\): .*"absent" not found/],
    ['get', 2, /missing required argument/],
    ['frobnicate', 2, /unknown command 'frobnicate'/],
    ['get abn --frob', 2, /unknown option '--frob'/],
    ['explain absent', 1, /^Error from server \(NotFound\)/],
    ['approve absent', 1, /^Error from server \(NotFound\)/],
    ['hold all', 2, /required option '--reason <text>'/],
    ['hold everything --reason x', 2, /^Error \(KDR_CLI_USAGE\): "everything" is no scope/],
    ['hold all --reason x --for soon', 2, /^Error \(KDR_CLI_USAGE\): "soon" is no duration/],
    ['release absent', 1, /^Error from server \(NotFound\)/],
    ['plugins add https://example.com', 2, /^Error \(KDR_CLI_USAGE\): plugins behind a URL/],
    ['plugins remove wizard x', 2, /^Error \(KDR_CLI_USAGE\): "wizard" is no role/],
    ['completion tcsh', 2, /there is no completion for "tcsh"/],
    ['up --port 70000', 2, /must be a port from 0 to 65535/],
  ])('kdr %s exits %i and says why', async (line, code, says) => {
    const result = await kdr(line);
    expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(says)]);
  });
});

describe('kdr plugins, holds and version', () => {
  it('lists the plugins with their state', async () => {
    const text = await prints('plugins');
    expect(text).toMatch(/^NAME +ROLE +READY +NODES +VERSION +ERROR\n/);
    for (const line of [
      'process +collector',
      'container +collector',
      'psi +collector',
      'containerd-shim-deadlock +diagnoser',
      'process-kill +recoverer',
    ])
      expect(text).toMatch(new RegExp(`^${line} +True +1/1 +\\d`, 'm'));
    expect(JSON.parse(await prints('plugins -o json'))).toHaveLength(7);
  });

  it('makes a hold with an owner and an end, lists and releases it', async () => {
    expect(await prints('hold pod/web --reason maintenance --for 30m --name web')).toMatch(
      /^recoveryhold\.kdr\.dev\/web created: .* until 20/,
    );
    expect(await prints('holds')).toMatch(
      /web +\{"object":\{"kind":"Pod","name":"web","namespace":"default"\}\} +\S+, until 20\S+: maintenance/,
    );
    expect(await prints('release web')).toBe('recoveryhold.kdr.dev/web released\n');
  });

  it('tells the versions, also without a server', async () => {
    expect(await prints('version')).toMatch(/^Client: \d+\.\d+\.\d+ \(Node v\d+[^)]*\)\nServer: v1\.\d+/);
    expect(JSON.parse((await alone(['version', '-o', 'json'])).stdout)).toEqual({
      client: expect.any(String) as string,
      node: process.version,
    });
  });

  it('says what to do where no server is', async () => {
    expect(await alone(['get', 'abn'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error \(KDR_NOT_RUNNING\): [^]*kdr up/) as string,
    });
  });
});

describe('kdr check and install-info', () => {
  it('finds `kdr up` ready, and says what it does not have', async () => {
    const text = await prints('check');
    for (const line of ['✓ api server', '✓ kinds', '✓ policies', '– webhook', '– master', '✓ agents', '✓ diagnoser unreaped-children'])
      expect(text).toMatch(new RegExp(`^${line} `, 'm'));
    expect(text).toMatch(/\nKDR is ready\.\n$/);
    expect(JSON.parse(await prints('check -o json'))).toMatchObject({ ready: true, namespace: 'kdr-system' });
  });

  it('fails where nobody answers, also after waiting', async () => {
    const { code, stdout } = await kdr('check --server http://127.0.0.1:1 --wait=1s');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^✗ api server +The connection failed[^]*KDR is not ready: 1 of 1/)]);
  });

  it('tells what a bug report needs, and no names of Abnormals unless it is asked to', async () => {
    const text = await prints('install-info');
    expect(parse(text)).toMatchObject({
      server: { version: expect.stringContaining('embedded') as string },
      agents: [{ node: scene.node, facts: { architecture: process.arch } }],
      policies: expect.arrayContaining([expect.objectContaining({ name: 'default', mode: 'Observe' })]) as object[],
      lastFailures: expect.arrayContaining([expect.objectContaining({ reason: 'NotIdentified' })]) as object[],
      unseen: [],
    });
    expect(text).not.toMatch(/diagnose-/);
    expect(await prints('install-info --full')).toMatch(/name: diagnose-/);
  });
});

describe('kubectl kdr', () => {
  it('runs, and completes, through the real kubectl', async () => {
    const bin = join(scratch, 'bin');
    mkdirSync(bin, { recursive: true });
    for (const [name, file] of [
      ['kubectl-kdr', KDR],
      ['kubectl_complete-kdr', join(dirname(KDR), 'kubectl_complete-kdr.js')],
    ] as const)
      symlinkSync(file, join(bin, name));
    const kubectl = async (...args: string[]) => {
      const env = {
        ...process.env,
        KUBECONFIG: scene.platform.kubeconfig,
        PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}`,
      };
      const child = spawn(kubectlPath(), args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
      await once(child, 'close');
      return text;
    };
    expect(await kubectl('kdr', 'get', 'rp', 'default', '-o', 'name')).toBe('recoverypolicy.kdr.dev/default\n');
    expect(await kubectl('__complete', 'kdr', 'expl')).toMatch(/^explain\n:4\n/);
    expect(await kubectl('__complete', 'kdr', 'get', 'rp', 'def')).toMatch(/^default\n:4\n/);
  });

  it('gets lists and the category', async () => {
    expect(await prints('get rp,diag -o name')).toMatch(/^recoverypolicy\.kdr\.dev\/default\n[^]*diagnoser\.kdr\.dev\/unreaped-children\n/);
    expect(await prints('get kdr')).toMatch(/^informationcollector\.kdr\.dev\/process +True/m);
    expect((await kdr('get rp absent --ignore-not-found')).code).toBe(0);
  });
});

describe('kdr completion', () => {
  it('prints a script for bash that bash takes, and that completes commands and flags', async () => {
    const { stdout } = await alone(['completion', 'bash']);
    const bash = (script: string, flags: string[] = []) => {
      const child = spawn('bash', [...flags, '-s'], { stdio: ['pipe', 'pipe', 'pipe'] });
      child.stdin.end(script);
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (text += part));
      return once(child, 'close').then(([code]) => ({ code: code as number, text }));
    };
    expect(await bash(stdout, ['-n'])).toEqual({ code: 0, text: '' });
    const complete = async (...words: string[]) => {
      const line = words.map((word) => `'${word}'`).join(' ');
      return (await bash(`${stdout}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _kdr; echo "\${COMPREPLY[@]}"`)).text
        .trim()
        .split(' ');
    };
    expect(await complete('kdr', 'ap')).toEqual(['approve']);
    expect(await complete('kdr', '')).toEqual(expect.arrayContaining(['up', 'get', 'explain', 'hold', 'analyze']));
    expect(await complete('kdr', 'plugins', 'a')).toEqual(['add']);
    expect(await complete('kdr', 'get', 'abn', '--out')).toEqual(['--output']);
    expect(await complete('kdr', 'get', 'abn', 'some-name', '--wat')).toEqual(['--watch']);
  });

  it.each(['zsh', 'fish'])('prints one for %s', async (shell) => {
    const { code, stdout } = await alone(['completion', shell]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('kdr')]);
  });
});

describe('kdr analyze goroutines', () => {
  const answerOf = async (text: string) => {
    const { code, stdout } = await alone(['analyze', 'goroutines', '-', '-o', 'json'], text);
    expect(code).toBe(0);
    const answer = JSON.parse(stdout) as DiagnoseAnswer;
    expect(shapeError(DiagnoseAnswer, answer)).toBe(undefined);
    return answer;
  };

  it('proves the deadlock from a saved dump, needing no server', async () => {
    const file = join(scratch, 'dump.txt');
    writeFileSync(file, readFixture('a-deadlocked-v1.2.0-go1.26-1.txt.gz'));
    const { code, stdout } = await alone(['analyze', 'goroutines', file]);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^Identified: ContainerdShimReaperDeadlock \(confidence high\)\n[^]*The reaper \(goroutine 1\)/),
    ]);
    expect(await answerOf(readFixture('a-deadlocked-v1.2.0-go1.26-1.txt.gz'))).toMatchObject({
      outcome: 'Identified',
      cause: 'ContainerdShimReaperDeadlock',
    });
  });

  it.each([
    ['a healthy shim’s dump', () => readFixture('d-healthy-v1.2.0-go1.26.txt')],
    ['nothing', () => ''],
    ['a log', () => 'level=info msg="hello"\n'],
    ['bytes', () => '\u0000\u0001\ufffd'.repeat(1000)],
    ['JSON', () => '{"a": [1, 2, 3]}'],
  ])('answers %s with a valid NotIdentified, and what it is', async (_what, text) => {
    expect(await answerOf(text())).toMatchObject({ outcome: 'NotIdentified', reason: expect.stringMatching(/\S/) as string });
  });

  it('says that a file can’t be read', async () => {
    const { code, stderr } = await alone(['analyze', 'goroutines', join(scratch, 'absent')]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^Error \(KDR_UNREADABLE\): .*absent can't be read/)]);
  });
});

describe('kdr up', () => {
  it('says that it is up when its plugins can be asked, not before', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kdr-up-'));
    const platform = await startPlatform(directory, { KDR_UNREAPED_SECONDS: '86400' });
    onTestFinished(async () => {
      await platform.stop();
      rmSync(directory, { recursive: true, force: true });
    });
    const text = await platform.kdr(['diagnose', '--pid', String(culprit.pid), '--diagnoser', 'unreaped-children']);
    expect(text).toContain(`ParentDoesNotReap: process ${culprit.pid}`);
  });

  it('keeps its secrets from others', () => {
    for (const file of ['kubeconfig', 'tokens.json', 'source.token'])
      expect([file, statSync(join(scene.directory, file)).mode & 0o077]).toEqual([file, 0]);
  });

  it('refuses a second one on the same directory, clearly, and the first goes on', async () => {
    const { code, stdout, stderr } = await alone(['up', '--state-dir', scene.directory, '--port', '0']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Error \(KDR_APISERVER_DIRECTORY_IN_USE\): .*/);
    expect(stderr).toContain(scene.directory);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(await prints('get rp default -o name')).toBe('recoverypolicy.kdr.dev/default\n');
  });

  it('refuses a directory that is too long for sockets', async () => {
    const { code, stderr } = await alone(['up', '--state-dir', join(scratch, 'd'.repeat(60)), '--port', '0']);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^Error \(KDR_CLI_USAGE\): the state directory .* is too long for unix sockets/),
    ]);
  });

  it('keeps every object over a restart, and what was changed of the defaults', async () => {
    const listed = async () => {
      const { items } = await scene.client.list<Abnormal>(RESOURCES.Abnormal);
      return items.map(({ metadata, spec, status }) => ({ uid: metadata.uid, spec, phase: status?.phase }));
    };
    const before = await listed();
    const server = scene.platform.kubeconfig;
    await scene.platform.stop();
    scene.platform = await startPlatform(scene.directory, { KDR_UNREAPED_SECONDS: '86400' });
    expect(before.length).toBeGreaterThanOrEqual(3);
    expect(await listed()).toEqual(before);
    expect(scene.platform.kubeconfig).toBe(server);
    expect(await prints('get rp default --no-headers')).toMatch(/^default +Observe /);
  });
});
