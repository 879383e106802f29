import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readExecCredential } from './exec-credential.ts';
import { type ExecRuntime, createExecCredentials, readExecPlugin, runExecPlugin } from './exec-plugin.ts';

const directory = mkdtempSync(join(tmpdir(), 'kdr-exec-'));
afterAll(() => rmSync(directory, { recursive: true }));
const V1 = 'client.authentication.k8s.io/v1';
const never = new AbortController().signal;
const runtime = (more: Partial<ExecRuntime> = {}): ExecRuntime => ({
  env: { PATH: process.env.PATH },
  terminal: false,
  signal: never,
  ...more,
});

let scripts = 0;
/** A real program in the shell, as a plugin of user `me`. */
function plugin(script: string, more: object = {}) {
  const name = `./plugin-${++scripts}`;
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return readExecPlugin(
    join(directory, 'config'),
    'me',
    { apiVersion: V1, command: name, interactiveMode: 'Never', ...more },
    { server: 'https://x' },
  );
}
const printing = (status: object, apiVersion = V1) => `printf '%s' '${JSON.stringify({ apiVersion, kind: 'ExecCredential', status })}'`;

describe('a credential plugin', () => {
  it('is run with its arguments, its variables above ours, and what it may know of the cluster', async () => {
    const seen = join(directory, 'seen');
    const script = `printf '%s\\n' "$1" "$2" "$OWN" "$OURS" "$KUBERNETES_EXEC_INFO" > ${seen}\n${printing({ token: 'abc' })}`;
    const made = plugin(script, { args: ['get-token', 'a b'], env: [{ name: 'OWN', value: 'own' }], provideClusterInfo: true });
    const given = await runExecPlugin(made, runtime({ env: { PATH: process.env.PATH, OWN: 'not this', OURS: 'ours' } }));
    expect(given).toEqual({ token: 'abc', certificate: undefined, expiresAt: undefined });
    const [first, second, own, ours, info] = readFileSync(seen, 'utf8').split('\n');
    expect([first, second, own, ours]).toEqual(['get-token', 'a b', 'own', 'ours']);
    expect(JSON.parse(info ?? '')).toEqual({
      apiVersion: V1,
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: 'https://x' } },
    });
  });

  it.each([
    ['exit 3', /failed with exit code 3\nInstall it from example\.com/],
    ['kill -9 $$', /was ended by SIGKILL/],
    ['true', /printed nothing/],
    ['echo hello', /no JSON/],
    ['head -c 2000000 /dev/zero; sleep 60', /printed more than/],
    [printing({ token: 'x' }, 'client.authentication.k8s.io/v1beta1'), /answered in client\.authentication\.k8s\.io\/v1beta1/],
  ])('that does not work says so: %s', async (script, says) => {
    await expect(runExecPlugin(plugin(script, { installHint: 'Install it from example.com' }), runtime())).rejects.toMatchObject({
      code: 'KDR_CREDENTIAL_PLUGIN',
      message: expect.stringMatching(says) as string,
    });
  });

  it('that is not installed gives its hint', async () => {
    const absent = readExecPlugin(
      '/x/config',
      'me',
      { apiVersion: V1, command: 'kdr-no-such-program', interactiveMode: 'Never', installHint: 'Get it.' },
      {},
    );
    await expect(runExecPlugin(absent, runtime())).rejects.toThrow(/"kdr-no-such-program" \(user "me"\) is not installed.*\nGet it\.$/);
  });

  it('that hangs is given up, even where it has left a child on its pipe', async () => {
    const pid = join(directory, 'pid');
    const hangs = plugin(`sleep 60 & echo $! > ${pid}; wait`);
    await expect(runExecPlugin(hangs, runtime({ timeoutMs: 300 }))).rejects.toThrow(/no credential within 0\.3 s/);
    process.kill(Number(readFileSync(pid, 'utf8')));
    const stop = new AbortController();
    const running = runExecPlugin(plugin('exec sleep 60'), runtime({ signal: stop.signal }));
    stop.abort();
    await expect(running).rejects.toThrow(/was stopped/);
  });

  it('that must ask a person is not run where nobody sits', async () => {
    const mark = join(directory, 'mark');
    await expect(runExecPlugin(plugin(`touch ${mark}`, { interactiveMode: 'Always' }), runtime())).rejects.toThrow(
      /standard input is no terminal/,
    );
    expect(existsSync(mark)).toBe(false);
  });
});

describe('its credential', () => {
  it.each([
    [{ kind: 'Status' }, /no ExecCredential/],
    [{ kind: 'ExecCredential', apiVersion: V1 }, /neither a token nor a client certificate/],
    [{ kind: 'ExecCredential', apiVersion: V1, status: { clientCertificateData: 'c' } }, /without its key/],
    [{ kind: 'ExecCredential', apiVersion: V1, status: { token: 't', expirationTimestamp: 'soon' } }, /is no time/],
  ])('%j is refused', (answer, says) => expect(() => readExecCredential(JSON.stringify(answer), V1, 'it')).toThrow(says));

  it('is kept while it is good, made once for all who ask together, and made anew when it is refused or over', async () => {
    const count = join(directory, 'count');
    const script = `echo >> ${count}; printf '%s' "{\\"apiVersion\\":\\"${V1}\\",\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"t$(wc -l < ${count})\\",\\"expirationTimestamp\\":\\"2026-01-01T00:00:10Z\\"}}"`;
    let now = Date.parse('2026-01-01T00:00:00Z');
    const credentials = createExecCredentials(plugin(script), runtime(), () => now);
    const token = async (rejected = false) => (await credentials(rejected)).token;
    expect(await Promise.all([token(), token(), token()])).toEqual(['t1', 't1', 't1']);
    now += 4_000;
    // Two requests that were refused together: what was made a moment ago is not made again.
    expect(await token(true)).toBe('t1');
    now += 2_000;
    expect(await token(true)).toBe('t2');
    now += 4_001;
    expect(await token()).toBe('t3');
  });
});
