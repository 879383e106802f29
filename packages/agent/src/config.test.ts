import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { FLAGS } from './flags.ts';

const flags = ['--server', 'https://127.0.0.1:6443', '--node-name', 'n1'];

it('works for kdr-system, or for the namespace that the flag or the environment names; the flag wins', () => {
  expect(readConfig(flags, {}).namespace).toBe('kdr-system');
  expect(readConfig(flags, { KDR_NAMESPACE: 'faults' }).namespace).toBe('faults');
  expect(readConfig([...flags, '--namespace', 'mine'], { KDR_NAMESPACE: 'faults' }).namespace).toBe('mine');
});

it('counts an empty variable as none', () => {
  expect(readConfig(flags, { KDR_NAMESPACE: '', KDR_PROBE_PORT: '', KDR_AGENT_OPTIONS: '' })).toMatchObject({
    namespace: 'kdr-system',
    probe: { host: '127.0.0.1', port: 9810 },
    options: {},
  });
});

it.each([
  ['KDR_NAMESPACE', 'namespace', 'Kube_System', 'the name of a namespace'],
  ['KDR_NAMESPACE', 'namespace', 'a/b', 'the name of a namespace'],
  ['KDR_PROBE_PORT', 'probe-port', 'abc', 'a port, 0 to 65535'],
  ['KDR_PROBE_PORT', 'probe-port', '70000', 'a port, 0 to 65535'],
  ['KDR_LOG_LEVEL', 'log-level', 'loud', 'trace, debug, info, warn, error, fatal or silent'],
  ['KDR_AGENT_OPTIONS', 'options', '{', 'a JSON object'],
  ['KDR_AGENT_OPTIONS', 'options', '[1]', 'a JSON object'],
  ['KDR_SERVER', 'server', 'nowhere', 'an http or https URL'],
])('names %s or --%s when it is wrong: %s', (variable, flag, value, what) => {
  const env = { KDR_SERVER: 'https://127.0.0.1:6443', [variable]: value };
  const said = (from: string) => `${from} must be ${what}, not "${value}"`;
  expect(() => readConfig([], env)).toThrow(expect.objectContaining({ code: 'KDR_CONFIG_INVALID', message: said(variable) }) as Error);
  expect(() => readConfig([`--${flag}=${value}`], { KDR_SERVER: 'https://127.0.0.1:6443' })).toThrow(
    expect.objectContaining({ code: 'KDR_CLI_USAGE', message: said(`--${flag}`) }) as Error,
  );
});

it('says which flag it does not know, which file can’t be read, and that this is no cluster', () => {
  expect(() => readConfig(['--nonsense'], {})).toThrow(/--nonsense/);
  expect(() => readConfig(flags, { KDR_CA_FILE: '/nowhere' })).toThrow(
    expect.objectContaining({ code: 'KDR_UNREADABLE', message: expect.stringContaining('KDR_CA_FILE: ENOENT') as string }) as Error,
  );
  expect(() => readConfig([], {})).toThrow(expect.objectContaining({ code: 'KDR_NOT_IN_CLUSTER', misconfigured: true }) as Error);
});

it('says every flag in its README', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');
  for (const [flag, { variable }] of Object.entries(FLAGS)) {
    expect(readme).toContain(`\`--${flag}\``);
    expect(readme).toContain(`\`${variable}\``);
  }
});
