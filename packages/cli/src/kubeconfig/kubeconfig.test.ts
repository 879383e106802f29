import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Overrides, accessOf } from './access.ts';
import { findAccess } from './find-access.ts';
import { loadKubeconfig } from './load.ts';

const directory = mkdtempSync(join(tmpdir(), 'kdr-kubeconfig-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
/** Writes a kubeconfig of one cluster, user and context, each named `x` where it is not said. */
function file(parts: { cluster?: object; user?: object; context?: object; current?: string; name?: string; text?: string }): string {
  const { name = 'x', cluster, user, context, current } = parts;
  const path = join(directory, `config-${++files}`);
  const config = {
    'current-context': current,
    clusters: cluster && [{ name, cluster }],
    users: user && [{ name, user }],
    contexts: context && [{ name, context }],
  };
  writeFileSync(path, parts.text ?? stringify(config));
  return path;
}
const access = (paths: string[], flags: Overrides = {}) => accessOf(loadKubeconfig(paths), flags);
const cluster = { server: 'https://one:6443' };
const context = { cluster: 'x', user: 'x', namespace: 'team' };
const whole = (parts: { cluster?: object; user?: object } = {}) =>
  file({ cluster: { ...cluster, ...parts.cluster }, user: parts.user ?? { token: 't' }, context, current: 'x' });

describe('several files', () => {
  it('are merged: the first of a name wins, what is missing is passed over', () => {
    const first = file({ user: { token: 'first' }, context: { cluster: 'x', user: 'x' }, current: 'x' });
    const second = file({ cluster, user: { token: 'second' }, context, current: 'y' });
    expect(access([join(directory, 'absent'), first, second])).toMatchObject({
      server: { server: 'https://one:6443', token: 'first' },
      namespace: 'default',
    });
    expect(access([second, first], { context: 'x' })).toMatchObject({ server: { token: 'second' }, namespace: 'team' });
  });

  it('keep their own directory for relative paths', () => {
    mkdirSync(join(directory, 'sub'), { recursive: true });
    writeFileSync(join(directory, 'sub', 'ca.pem'), 'PEM');
    const inSub = join(directory, 'sub', 'config');
    writeFileSync(inSub, stringify({ clusters: [{ name: 'x', cluster: { ...cluster, 'certificate-authority': 'ca.pem' } }] }));
    const rest = file({ user: { tokenFile: 'token' }, context, current: 'x' });
    expect(access([rest, inSub]).server).toMatchObject({ ca: 'PEM', tokenFile: join(directory, 'token') });
  });
});

describe('flags', () => {
  it('choose context, cluster, user and server', () => {
    const one = whole();
    const two = file({ name: 'y', cluster: { server: 'https://two:6443' }, user: { token: 'u' }, context: { cluster: 'y', user: 'y' } });
    expect(access([one, two], { context: 'y' })).toMatchObject({
      server: { server: 'https://two:6443', token: 'u' },
      namespace: 'default',
    });
    expect(access([one, two], { cluster: 'y' }).server).toMatchObject({ server: 'https://two:6443', token: 't' });
    expect(access([one, two], { user: 'y' }).server).toMatchObject({ server: 'https://one:6443', token: 'u' });
    expect(access([one], { server: 'https://three' }).server).toMatchObject({ server: 'https://three', token: 't' });
    expect(access([], { server: 'http://127.0.0.1:8001' }).server.server).toBe('http://127.0.0.1:8001');
  });

  it('act for another, above what the file says', () => {
    const config = whole({
      user: { token: 't', as: 'jane', 'as-groups': ['dev'], 'as-user-extra': { 'example.com/reason': ['on call'] } },
    });
    expect(access([config]).server.headers).toEqual({
      'Impersonate-User': 'jane',
      'Impersonate-Group': ['dev'],
      'Impersonate-Extra-example.com%2Freason': ['on call'],
    });
    expect(access([config], { as: 'joe', asGroup: ['a', 'b'], asUid: '7' }).server.headers).toMatchObject({
      'Impersonate-User': 'joe',
      'Impersonate-Group': ['a', 'b'],
      'Impersonate-Uid': '7',
    });
    expect(access([whole()]).server.headers).toEqual({});
  });

  it('name the server’s certificate, or do not look at it, with a warning', () => {
    const config = whole({ cluster: { 'tls-server-name': 'inside', 'certificate-authority-data': Buffer.from('PEM').toString('base64') } });
    expect(access([config]).server).toMatchObject({ tlsServerName: 'inside', ca: 'PEM', insecureSkipTlsVerify: false });
    expect(access([config]).warnings).toEqual([]);
    const blind = access([config], { insecureSkipTlsVerify: true });
    expect(blind.server).toMatchObject({ insecureSkipTlsVerify: true, ca: undefined });
    expect(blind.warnings).toEqual([expect.stringContaining('is not checked')]);
    expect(access([whole({ cluster: { 'insecure-skip-tls-verify': true } })]).warnings).toHaveLength(1);
  });
});

describe('what can’t be used is refused, and the message names it', () => {
  const exec = (more: object) =>
    whole({ user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'c', interactiveMode: 'Never', ...more } } });
  it.each<[string, () => string, Overrides, RegExp]>([
    ['a context', () => whole(), { context: 'z' }, /has no context "z" \(it has x\)/],
    ['no current-context', () => file({ cluster, context }), {}, /has no current-context: name one with --context/],
    ['a cluster', () => whole(), { cluster: 'z' }, /has no cluster "z"/],
    ['a user', () => whole(), { user: 'z' }, /has no user "z"/],
    ['a cluster without a server', () => file({ cluster: {}, context, current: 'x' }), {}, /has no cluster "x" with a server/],
    [
      'a server that is no URL',
      () => whole({ cluster: { server: 'one:6443' } }),
      {},
      /server must be an http or https URL, not "one:6443"/,
    ],
    ['a proxy', () => whole({ cluster: { 'proxy-url': 'http://proxy' } }), {}, /proxy-url, which kdr does not support/],
    [
      'a CA beside no check',
      () => whole({ cluster: { 'insecure-skip-tls-verify': true, 'certificate-authority-data': 'UEVN' } }),
      {},
      /exclude each other/,
    ],
    ['a CA that is not there', () => whole(), { certificateAuthority: '/absent' }, /--certificate-authority: .*ENOENT/],
    [
      'auth-provider',
      () => whole({ user: { 'auth-provider': { name: 'gcp' } } }),
      {},
      /auth-provider "gcp", which Kubernetes removed with 1\.26/,
    ],
    ['a password', () => whole({ user: { username: 'me', password: 'x' } }), {}, /password, which Kubernetes removed with 1\.19/],
    ['a token that is a number', () => whole({ user: { token: 12345 } }), {}, /token must be text/],
    ['groups without a user', () => whole(), { asGroup: ['a'] }, /add --as/],
    ['no YAML', () => file({ text: 'clusters: [' }), {}, /can't be read as a kubeconfig/],
    ['clusters that are no list', () => file({ text: 'clusters: {}' }), {}, /clusters must be a list/],
    ['a nameless user', () => file({ text: 'users: [{}]' }), {}, /every item of users must have a name/],
    ['a plugin without a command', () => exec({ command: '' }), {}, /command is missing/],
    ['a plugin of an old version', () => exec({ apiVersion: 'client.authentication.k8s.io/v1alpha1' }), {}, /apiVersion must be .*1\.24/],
    [
      'a v1 plugin without interactiveMode',
      () => exec({ interactiveMode: undefined }),
      {},
      /interactiveMode must be Never, IfAvailable, Always/,
    ],
    ['a plugin with wrong env', () => exec({ env: [{ value: 'x' }] }), {}, /every variable needs a name/],
    ['a plugin with wrong args', () => exec({ args: 'get-token' }), {}, /args must be a list/],
  ])('%s', (_what, path, flags, says) => {
    expect(() => access([path()], flags)).toThrow(
      expect.objectContaining({ code: 'KDR_CLI_USAGE', message: expect.stringMatching(says) as string }),
    );
  });
});

describe('without a kubeconfig', () => {
  const account = join(directory, 'account');
  it('a Pod finds the server of its own cluster', () => {
    mkdirSync(account);
    writeFileSync(join(account, 'token'), 't');
    writeFileSync(join(account, 'ca.crt'), 'PEM');
    writeFileSync(join(account, 'namespace'), 'kdr-system\n');
    const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
    const found = findAccess({ files: [join(directory, 'absent')], serviceAccount: account, env }, {});
    expect(found).toMatchObject({
      server: { server: 'https://10.96.0.1:443', tokenFile: join(account, 'token') },
      namespace: 'kdr-system',
    });
    // A kubeconfig that is there wins.
    expect(findAccess({ files: [whole()], serviceAccount: account, env }, {}).server.server).toBe('https://one:6443');
  });

  it('anybody else is told which files were looked for', () => {
    const absent = [join(directory, 'a'), join(directory, 'b')];
    for (const serviceAccount of [undefined, join(directory, 'absent')])
      expect(() => findAccess({ files: absent, serviceAccount, env: {} }, {})).toThrow(
        expect.objectContaining({ code: 'KDR_NOT_RUNNING', message: `there is no ${absent.join(' and no ')}` }),
      );
  });
});
