import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ERROR_CODES } from '@kdr/api-types';
import { readConfig, refuseArguments } from './config.ts';
import { VARIABLES } from './variables.ts';

const outside = { KDR_SERVER: 'https://127.0.0.1:6443' };

it('outside a cluster it needs a server alone: no election, no webhook, no certificates, probes on loopback', () => {
  expect(readConfig(outside)).toEqual({
    server: { server: 'https://127.0.0.1:6443' },
    namespace: 'kdr-system',
    probe: { host: '127.0.0.1', port: 8081 },
    logLevel: 'info',
    identity: undefined,
    webhook: undefined,
    admission: {
      trustedUsers: ['kdr-master', 'kdr-agent', 'kdr-cluster-sources'].map((name) => `system:serviceaccount:kdr-system:${name}`),
      socketDirectories: ['/run/kdr/plugins'],
    },
    certificates: undefined,
    pluginTokenFile: undefined,
  });
});

it('takes what the chart sets', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-config-'));
  writeFileSync(join(directory, 'ca.crt'), 'PEM');
  const config = readConfig({
    ...outside,
    KDR_CA_FILE: join(directory, 'ca.crt'),
    KDR_TOKEN_FILE: '/token',
    KDR_NAMESPACE: 'faults',
    KDR_PROBE_HOST: '0.0.0.0',
    KDR_PROBE_PORT: '9000',
    KDR_LOG_LEVEL: 'debug',
    KDR_LEADER_ELECT: 'true',
    KDR_POD_NAME: 'kdr-master-abc',
    KDR_WEBHOOK_PORT: '9443',
    KDR_WEBHOOK_NAME: 'faults',
    KDR_PLUGIN_TLS_SECRET: 'plugins-tls',
    KDR_PLUGIN_TOKEN_FILE: '/var/run/secrets/kdr/token',
    KDR_ALLOWED_SOCKET_DIRS: '/run/kdr/plugins, /opt/sockets',
    KDR_TRUSTED_USERS: 'alice',
  });
  rmSync(directory, { recursive: true });
  expect(config).toMatchObject({
    server: { ca: 'PEM', tokenFile: '/token' },
    namespace: 'faults',
    probe: { host: '0.0.0.0', port: 9000 },
    webhook: { host: '0.0.0.0', port: 9443 },
    admission: { trustedUsers: ['alice'], socketDirectories: ['/run/kdr/plugins', '/opt/sockets'] },
    certificates: {
      namespace: 'faults',
      secret: 'kdr-tls',
      webhook: { service: 'kdr-master', configuration: 'faults' },
      plugins: { secret: 'plugins-tls', service: 'kdr-cluster-plugins' },
    },
    pluginTokenFile: '/var/run/secrets/kdr/token',
  });
  expect(config.identity).toMatch(/^kdr-master-abc_[0-9a-f]{8}$/);
});

it('takes another identity at each start, and an empty value for none', () => {
  const env = { ...outside, KDR_LEADER_ELECT: 'true', KDR_POD_NAME: 'p', KDR_WEBHOOK_PORT: '', KDR_NAMESPACE: '' };
  expect(readConfig(env).identity).not.toBe(readConfig(env).identity);
  expect(readConfig(env)).toMatchObject({ webhook: undefined, namespace: 'kdr-system' });
});

it.each([
  ['KDR_NAMESPACE', 'Kube_System'],
  ['KDR_PROBE_PORT', '65536'],
  ['KDR_PROBE_PORT', '80 81'],
  ['KDR_SERVER', 'nowhere'],
  ['KDR_LOG_LEVEL', 'loud'],
  ['KDR_LEADER_ELECT', 'yes'],
  ['KDR_WEBHOOK_PORT', '-1'],
  ['KDR_WEBHOOK_NAME', '../kdr'],
  ['KDR_TLS_SECRET', 'A b'],
  ['KDR_SERVICE', '-x'],
  ['KDR_PLUGIN_TLS_SECRET', 'kdr-tls'],
  ['KDR_PLUGIN_SERVICE', 'a/b'],
  ['KDR_ALLOWED_SOCKET_DIRS', 'run/kdr'],
  ['KDR_ALLOWED_SOCKET_DIRS', '/run/kdr/../..'],
])('names %s when it is wrong: %s', (variable, value) => {
  const env = { ...outside, KDR_WEBHOOK_PORT: '9443', KDR_PLUGIN_TLS_SECRET: 'plugins-tls', [variable]: value };
  expect(() => readConfig(env)).toThrow(
    expect.objectContaining({ code: 'KDR_CONFIG_INVALID', message: expect.stringContaining(variable) as string }) as Error,
  );
});

it('says which file can’t be read, and that this is no cluster', () => {
  expect(() => readConfig({ ...outside, KDR_CA_FILE: '/nowhere/ca.crt' })).toThrow(/KDR_CA_FILE/);
  expect(() => readConfig({})).toThrow(/service account/);
  expect(() => readConfig({})).toThrow(expect.objectContaining({ code: 'KDR_NOT_IN_CLUSTER' }) as Error);
});

it('takes no arguments', () => {
  expect(() => refuseArguments([])).not.toThrow();
  expect(() => refuseArguments(['--port', '1'])).toThrow(/no arguments, so not "--port"/);
});

it('says in its help every variable that it reads, and no other', () => {
  const read = readFileSync(join(import.meta.dirname, 'config.ts'), 'utf8').match(/KDR_[A-Z_]+/g) ?? [];
  expect(Object.keys(VARIABLES).sort()).toEqual([...new Set(read)].filter((word) => !(word in ERROR_CODES)).sort());
});
