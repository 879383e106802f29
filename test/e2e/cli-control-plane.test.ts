import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { admissionPolicies, clusterAdmissionPolicies, customResourceDefinitions } from '@kdr/api-types/crd';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { type ControlPlane, startControlPlane } from '../cluster/index.ts';
import { KDR } from '../demo/platform.ts';
import { runKdr } from './scene.ts';

interface Checked {
  ready: boolean;
  checks: { name: string; verdict: string; message: string; next?: string }[];
}

vi.setConfig({ testTimeout: 180_000 });
let plane: ControlPlane;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'kdr-cli-plane-'));
  plane = await startControlPlane();
}, 600_000);
afterAll(async () => {
  await plane?.stop();
  rmSync(scratch, { recursive: true, force: true });
}, 60_000);

const kdr = (args: string[], kubeconfig = plane.kubeconfig) => runKdr(args, { KUBECONFIG: kubeconfig, KDR_STATE_DIR: scratch });
const list = (...items: object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
async function check(kubeconfig?: string): Promise<Checked & { code: number }> {
  const { code, stdout } = await kdr(['check', '-o', 'json'], kubeconfig);
  return { code, ...(JSON.parse(stdout) as Checked) };
}
const said = ({ checks }: Checked) => Object.fromEntries(checks.map((one) => [one.name, `${one.verdict}: ${one.message}`]));

describe('kdr check on a real API server', () => {
  it('where nothing is installed says so, line by line, and what to do', async () => {
    const { code, stdout } = await kdr(['check']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✓ api server +v1\.\d+\.\d+ at https:/m);
    expect(stdout).toMatch(/^✗ kinds +no kind of kdr\.dev is defined here\n +→ .*helm upgrade --install/m);
    expect(stdout).toMatch(/^✗ policies +kdr-parameters-immutable is missing, /m);
    expect(stdout).toMatch(/^– webhook +off: /m);
    expect(stdout).toMatch(/^✗ master +no master has ever led: there is no Lease kdr-master in namespace kdr-system/m);
    expect(stdout).toMatch(/^✗ agents +there is no Node that an agent could run on/m);
    expect(stdout).toMatch(/^✗ plugins +none is registered/m);
    expect(stdout).toMatch(/\nKDR is not ready: 5 of 7 checks failed\.\n$/);
  });

  it('where kinds and policies are, but nothing runs, finds those, and misses the rest', async () => {
    const users = { master: 'kdr-master', agent: 'kdr-agent' };
    const policies = [...admissionPolicies(users), ...clusterAdmissionPolicies(users)].flatMap(({ policy, binding }) => [policy, binding]);
    await plane.apply(
      list({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kdr-system' } }, ...customResourceDefinitions(), ...policies),
    );
    await plane.kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
    const lines = said(await check());
    expect(lines).toMatchObject({
      kinds: 'ok: 9 kinds of kdr.dev/v1alpha1 are served',
      policies: expect.stringMatching(/^ok: \d+ admission policies are bound and deny$/) as string,
      master: expect.stringMatching(/^failed: no master has ever led/) as string,
      agents: expect.stringMatching(/^failed: /) as string,
      plugins: expect.stringMatching(/^failed: none is registered/) as string,
    });
  });

  it('needs the rights that docs/cli.md lists, and no others', async () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8');
    const documented = /```yaml\n(# What kdr check reads[^]*?)```/.exec(page)?.[1] ?? '';
    const objects = documented.split(/^---$/m).map((one) => parse(one) as { kind: string; metadata: { name: string; namespace?: string } });
    const bindings = objects.map(({ kind, metadata }) => ({
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: `${kind}Binding`, metadata },
      subjects: [{ kind: 'User', name: 'checker', apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name },
    }));
    await plane.apply(list(...objects, ...bindings));
    const checker = await plane.userKubeconfig('checker');
    const all = said(await check());
    await expect.poll(async () => said(await check(checker)), { timeout: 30_000 }).toEqual(all);
    const nobody = said(await check(await plane.userKubeconfig('nobody')));
    expect(nobody.agents).toMatch(/^failed: .*User "nobody" cannot list resource "nodes"/);
  });

  it('ends with 130 when it is interrupted while it waits', async () => {
    const child = spawn(process.execPath, [KDR, 'check', '--wait=2m'], {
      env: { ...process.env, KUBECONFIG: plane.kubeconfig },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(child.stderr, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
  });
});

describe('who is asking', () => {
  it('acts for another, and is told which right that one lacks', async () => {
    const { code, stderr } = await kdr(['get', 'abn', '--as', 'jane', '--as-group', 'team']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^Error from server \(Forbidden\): .*User "jane" cannot list resource "abnormals" in API group "kdr\.dev" in the namespace "default"\nMissing right: list abnormals\.kdr\.dev in namespace default, for jane\./,
      ),
    ]);
  });

  it('logs in by the client certificate that a credential plugin gives', async () => {
    const config = parse(readFileSync(plane.kubeconfig, 'utf8')) as { users: { user: Record<string, string> }[] };
    const user = config.users[0]?.user ?? {};
    const apiVersion = 'client.authentication.k8s.io/v1';
    const pem = (name: string) => Buffer.from(user[name] ?? '', 'base64').toString();
    const status = { clientCertificateData: pem('client-certificate-data'), clientKeyData: pem('client-key-data') };
    writeFileSync(join(scratch, 'credential.json'), JSON.stringify({ apiVersion, kind: 'ExecCredential', status }), { mode: 0o600 });
    writeFileSync(join(scratch, 'plugin'), `#!/bin/sh\necho asked >&2\nexec cat "$1"\n`, { mode: 0o755 });
    const exec = { apiVersion, command: './plugin', args: [join(scratch, 'credential.json')], interactiveMode: 'Never' };
    const file = join(scratch, 'kubeconfig');
    writeFileSync(file, stringify({ ...config, users: [{ ...config.users[0], user: { exec } }] }));
    expect(await kdr(['get', 'rp'], file)).toEqual({ code: 0, stdout: '', stderr: 'asked\nNo resources found.\n' });
    writeFileSync(join(scratch, 'plugin'), '#!/bin/sh\nexit 7\n');
    const refused = await kdr(['get', 'rp'], file);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^Error \(KDR_CREDENTIAL_PLUGIN\): .*exit code 7/)]);
  });
});
