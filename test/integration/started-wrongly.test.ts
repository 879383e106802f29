import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Runs a program from source, with nothing of this process's environment; its streams as they are. */
function start(file: string, args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=kdr-source', join(root, file), ...args], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

const AGENT = 'packages/agent/src/main.ts';
const MASTER = 'packages/master/src/main.ts';
const PLUGINS = 'plugins/bundle/src/kdr-plugins.ts';
const SOURCES = 'plugins/bundle/src/kdr-sources.ts';
const OUTSIDE = { KDR_SERVER: 'https://127.0.0.1:1' };

const programs: [name: string, file: string][] = [
  ['kdr-agent', AGENT],
  ['kdr-master', MASTER],
  ['kdr-plugins', PLUGINS],
  ['kdr-sources', SOURCES],
];

describe.each(programs)('%s', (name, file) => {
  it('says how it is called, and its version, and ends with 0', () => {
    const help = start(file, ['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`^${name}: .*\n\nUsage: ${name}`));
    const { version } = JSON.parse(readFileSync(join(root, file, '..', '..', 'package.json'), 'utf8')) as { version: string };
    expect(start(file, ['--version'])).toEqual({ status: 0, stdout: `${name} ${version}\n`, stderr: '' });
  });

  it('refuses a wrong flag in one line, with 2', () => {
    const stderr = expect.stringMatching(oneLine(name, '--nonsense', 'KDR_CLI_USAGE')) as string;
    expect(start(file, ['--nonsense'])).toEqual({ status: 2, stdout: '', stderr });
  });
});

it('shows the stack to who asks for it', () => {
  expect(start(AGENT, ['--nonsense'], { KDR_LOG_LEVEL: 'debug' }).stderr).toMatch(/^kdr-agent: .*\nKdrError: .*\n +at /);
});

it.each<[name: string, file: string, args: string[], env: Record<string, string>, said: string, code: string]>([
  ['kdr-agent', AGENT, [], { ...OUTSIDE, KDR_PROBE_PORT: 'abc' }, 'KDR_PROBE_PORT must be a port', 'KDR_CONFIG_INVALID'],
  ['kdr-agent', AGENT, [], {}, 'does not run in a Pod', 'KDR_NOT_IN_CLUSTER'],
  ['kdr-master', MASTER, [], { ...OUTSIDE, KDR_PROBE_PORT: 'abc' }, 'KDR_PROBE_PORT must be a port', 'KDR_CONFIG_INVALID'],
  ['kdr-master', MASTER, [], {}, 'does not run in a Pod', 'KDR_NOT_IN_CLUSTER'],
  ['kdr-plugins', PLUGINS, ['--group', 'node'], { KDR_RECOVERY: 'of' }, 'KDR_RECOVERY must be on or off', 'KDR_CONFIG_INVALID'],
  ['kdr-plugins', PLUGINS, ['--group=cluster'], { KDR_PLUGIN_LISTEN_PORT: '1' }, 'KDR_PLUGIN_TLS_DIR must', 'KDR_LISTEN_INVALID'],
  [
    'kdr-sources',
    SOURCES,
    ['--group=cluster'],
    { ...OUTSIDE, KDR_TERMINATING_EPISODES: 'x' },
    'KDR_TERMINATING_EPISODES',
    'KDR_CONFIG_INVALID',
  ],
  ['kdr-sources', SOURCES, ['--group=cluster'], {}, 'does not run in a Pod', 'KDR_NOT_IN_CLUSTER'],
])('%s %s %j %j: one line, 2', (name, file, args, env, said, code) => {
  const stderr = expect.stringMatching(oneLine(name, said, code)) as string;
  expect(start(file, args, env)).toEqual({ status: 2, stdout: '', stderr });
});

it('ends with 1 where the start was right and something else is wrong', () => {
  const env = { ...OUTSIDE, KDR_PROBE_HOST: '192.0.2.1' };
  expect(start(MASTER, [], env)).toEqual({
    ...{ status: 1, stdout: '' },
    stderr: expect.stringMatching(oneLine('kdr-master', '192.0.2.1', 'EADDRNOTAVAIL')) as string,
  });
});

it('says in one line that the state directory can’t be used, and logs no stack', () => {
  const { status, stdout, stderr } = start(AGENT, [], {
    ...OUTSIDE,
    KDR_PROBE_PORT: '0',
    KDR_STATE_DIR: '/dev/null/x',
    KDR_LOG_LEVEL: 'error',
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(oneLine('kdr-agent', 'ENOTDIR: not a directory', 'ENOTDIR'));
});

function oneLine(name: string, said: string, code: string): RegExp {
  return new RegExp(`^${name}: [^\n]*${said}[^\n]* \\(${code}\\)\\. [^\n]+\n$`);
}
