import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { startApiServer } from '@kdr/embedded-apiserver';
import type { ApiServer } from '@kdr/embedded-apiserver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectl, kubectlPath } from '../tools/kubectl.ts';
import type { KubectlResult } from '../tools/kubectl.ts';
import { widget, widgetDefinition } from './widget.ts';

let server: ApiServer;
let directory: string;
let kubeconfig: string;

/** Runs kubectl as the admin; a manifest goes to its standard input. */
function k(args: string, manifest?: object): Promise<KubectlResult> {
  return kubectl(kubeconfig, args.split(' '), manifest === undefined ? '' : JSON.stringify(manifest));
}

async function succeeds(args: string, manifest?: object): Promise<string> {
  const { code, stdout, stderr } = await k(args, manifest);
  expect(`${code} ${stderr}`).toBe('0 ');
  return stdout;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-kubectl-'));
  const identities = [{ token: 'token-of-the-admin-0', user: { username: 'admin', groups: ['system:masters'] } }];
  server = await startApiServer({ directory: join(directory, 'state'), identities });
  kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, server.kubeconfig('token-of-the-admin-0'), { mode: 0o600 });
  expect(await succeeds('create -f -', widgetDefinition)).toBe(
    'customresourcedefinition.apiextensions.k8s.io/widgets.example.com created\n',
  );
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

describe('the real kubectl', () => {
  it('finds the resources, with short names, kinds and categories', async () => {
    const lines = (await succeeds('api-resources')).split('\n').map((line) => line.split(/\s+/).join(' '));
    expect(lines).toContain('widgets wd example.com/v1 true Widget');
    expect(lines).toContain('events ev v1 true Event');
    expect(lines).toContain('leases coordination.k8s.io/v1 true Lease');
    expect(await succeeds('api-versions')).toContain('example.com/v1\n');
    expect(await succeeds('wait --for condition=established crd/widgets.example.com --timeout=5s')).toContain('condition met');
  });

  it('knows who it is, and what server it talks to', async () => {
    expect(await succeeds('auth whoami')).toMatch(/Username\s+admin/);
    expect(await succeeds('auth can-i create widgets')).toBe('yes\n');
    expect(await succeeds('version')).toContain('Server Version: v1.35');
  });

  it('creates, and gets in every form', async () => {
    expect(await succeeds('create -f -', widget('one'))).toBe('widget.example.com/one created\n');
    expect(await succeeds('get wd')).toMatch(/^NAME +NODE +PHASE +AGE\none +n1 +\d+s\n$/);
    expect(await succeeds('get things -o wide')).toMatch(/^NAME +NODE +PHASE +AGE +SIZE\none +n1 +\d+s +1\n$/);
    expect(await succeeds('get widgets -A')).toMatch(/^NAMESPACE +NAME +NODE +PHASE +AGE\ndefault +one /);
    expect(await succeeds('get widget one -o name')).toBe('widget.example.com/one\n');
    expect(await succeeds('get widget one -o yaml')).toContain('\n  color: red\n');
    expect(await succeeds('get widget one -o jsonpath={.spec.size}')).toBe('1');
    expect(JSON.parse(await succeeds('get widgets -o json'))).toMatchObject({
      kind: 'List',
      items: [{ kind: 'Widget', spec: { size: 1 } }],
    });
    expect(await succeeds('get widgets --field-selector spec.nodeName=n1 -o name')).toBe('widget.example.com/one\n');
    expect(await succeeds('get widgets --field-selector spec.nodeName=n2 -o name')).toBe('');
  });

  it('watches', async () => {
    const fixed = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${dirname(kubeconfig)}/kubectl-cache`];
    const child = spawn(kubectlPath(), [...fixed, 'get', 'widgets', '-w', '--output-watch-events', '--selector=watched'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => ((await lines.next()).value as string).split(/\s+/).slice(0, 4).join(' ');
    await succeeds('create -f -', { ...widget('watched'), metadata: { name: 'watched', labels: { watched: '' } } });
    expect([await next(), await next()]).toEqual(['EVENT NAME NODE PHASE', expect.stringMatching(/^ADDED watched n1/)]);
    await succeeds('patch widget watched --subresource status --type merge -p {"status":{"phase":"Running"}}');
    expect(await next()).toBe('MODIFIED watched n1 Running');
    await succeeds('delete widget watched');
    expect(await next()).toBe('DELETED watched n1 Running');
    child.kill();
    await once(child, 'exit');
  });

  it('describes an object with its Events', async () => {
    await succeeds('create -f -', widget('described'));
    const involvedObject = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      namespace: 'default',
      name: 'described',
      uid: await succeeds('get widget described -o jsonpath={.metadata.uid}'),
    };
    const times = { firstTimestamp: new Date().toISOString(), lastTimestamp: new Date().toISOString(), count: 1 };
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'described.1' },
      involvedObject,
      type: 'Normal',
      reason: 'Painted',
      message: 'painted it red',
      source: { component: 'painter' },
      ...times,
    };
    await succeeds('create -f -', event);
    const text = await succeeds('describe widget described');
    expect(text).toMatch(/Spec:\n\s+Color:\s+red\n\s+Node Name:\s+n1\n\s+Size:\s+1/);
    expect(text).toMatch(/Normal\s+Painted\s+\d+s\s+painter\s+painted it red/);
    expect(await succeeds('events --for widget/described')).toContain('painted it red');
    expect(await succeeds('get events')).toMatch(/Normal +Painted +widget\/described +painted it red/);
  });

  it('patches', async () => {
    await succeeds('create -f -', widget('patched'));
    expect(await succeeds('patch widget patched --type merge -p {"spec":{"size":2}}')).toBe('widget.example.com/patched patched\n');
    await succeeds(
      'patch widget patched --type json -p [{"op":"test","path":"/spec/size","value":2},{"op":"replace","path":"/spec/size","value":3}]',
    );
    expect(await succeeds('get widget patched -o jsonpath={.spec.size}')).toBe('3');
    const failed = await k('patch widget patched --type json -p [{"op":"test","path":"/spec/size","value":2}]');
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('error in our request')]);
    await succeeds('label widget patched a=b');
    await succeeds('annotate widget patched note=this');
    expect(await succeeds('get widgets -l a=b -o name')).toBe('widget.example.com/patched\n');
    expect((await k('patch widget patched -p {"spec":{"size":4}}')).stderr).toContain('application/merge-patch+json');
  });

  it('explains fields from the schema', async () => {
    expect(await succeeds('explain widget')).toContain('A widget for tests.');
    const spec = await succeeds('explain wd.spec');
    expect(spec).toMatch(/size\s+<integer> -required-\n\s+How big it is\./);
    expect(spec).toContain('The node that it is for.');
    expect(await succeeds('explain lease.spec')).toContain('holderIdentity');
  });

  it('applies from the client, and is told that the server does not apply', async () => {
    expect(await succeeds('apply -f -', widget('applied'))).toBe('widget.example.com/applied created\n');
    expect(await succeeds('apply -f -', widget('applied'))).toBe('widget.example.com/applied unchanged\n');
    expect(await succeeds('apply -f -', widget('applied', { size: 5, nodeName: 'n1' }))).toBe('widget.example.com/applied configured\n');
    expect(JSON.parse(await succeeds('get widget applied -o jsonpath={.spec}'))).toEqual({ color: 'red', size: 5, nodeName: 'n1' });
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { a: '1' } };
    await succeeds('apply -f -', config);
    expect(await succeeds('apply -f -', { ...config, data: { b: '2' } })).toBe('configmap/applied configured\n');
    expect(await succeeds('get configmap applied -o jsonpath={.data}')).toBe('{"b":"2"}');
    const refused = await k('apply --server-side -f -', widget('applied'));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('server-side apply is not served here')]);
  });

  it('replaces and edits with the resourceVersion it has read', async () => {
    await succeeds('create -f -', widget('replaced'));
    const object = JSON.parse(await succeeds('get widget replaced -o json')) as { spec: { size: number } };
    object.spec.size = 7;
    expect(await succeeds('replace -f -', object)).toBe('widget.example.com/replaced replaced\n');
    const stale = await k('replace -f -', { ...object, spec: { size: 8 } });
    expect([stale.code, stale.stderr]).toEqual([1, expect.stringContaining('the object has been modified')]);
  });

  it.each<[string, object, string]>([
    ['a missing field', widget('bad', {}), 'spec.size: Required value'],
    ['a number out of range', widget('bad', { size: 11 }), 'spec.size: Invalid value'],
    ['a wrong type', widget('bad', { size: 'big' }), 'spec.size: Invalid value'],
    ['a value outside of an enum', widget('bad', { size: 1, color: 'blue' }), 'spec.color: Unsupported value: "blue"'],
    ['too long a string', widget('bad', { size: 1, nodeName: 'x'.repeat(64) }), 'spec.nodeName: Too long'],
    ['too long a list', widget('bad', { size: 1, parts: [1, 2, 3, 4].map(() => ({ name: 'p' })) }), 'spec.parts: Too many: 4'],
    ['a missing field in a list', widget('bad', { size: 1, parts: [{}] }), 'spec.parts[0].name: Required value'],
    ['an unknown field', widget('bad', { size: 1, colour: 'red' }), 'unknown field "spec.colour"'],
    ['a name that is none', widget('Bad_Name'), 'metadata.name: Invalid value: "Bad_Name"'],
  ])('is told the field of %s', async (_title, manifest, expected) => {
    const { code, stderr } = await k('create -f -', manifest);
    expect([code, stderr]).toEqual([1, expect.stringContaining(expected)]);
  });

  it('is refused a change that a rule with oldSelf forbids', async () => {
    await succeeds('create -f -', widget('ruled'));
    const { code, stderr } = await k('patch widget ruled --type merge -p {"spec":{"nodeName":"n2"}}');
    expect([code, stderr]).toEqual([1, expect.stringContaining('nodeName is set once')]);
  });

  it('deletes, waiting for finalizers', async () => {
    await succeeds('create -f -', { ...widget('held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    const deleting = succeeds('delete widget held --timeout=10s');
    while ((await succeeds('get widget held -o jsonpath={.metadata.deletionTimestamp}')) === '');
    await succeeds('patch widget held --type merge -p {"metadata":{"finalizers":null}}');
    expect(await deleting).toContain('"held" deleted');
    const missing = await k('get widget held');
    expect(missing.stderr).toBe('Error from server (NotFound): widgets.example.com "held" not found\n');
  });

  it('makes namespaces, config maps and secrets from its command line, and deletes a namespace with all of it', async () => {
    expect(await succeeds('create namespace made')).toBe('namespace/made created\n');
    await succeeds('create configmap made -n made --from-literal=a=1');
    await succeeds('create secret generic made -n made --from-literal=key=value');
    await succeeds('create serviceaccount made -n made');
    expect(await succeeds('get secret made -n made -o jsonpath={.data.key}')).toBe('dmFsdWU=');
    expect(await succeeds('get configmap made -n made -o jsonpath={.data.a}')).toBe('1');
    expect(await succeeds('delete namespace made')).toContain('namespace "made" deleted');
    expect((await k('get configmap made -n made')).stderr).toContain('not found');
  });

  it('is refused by an admission policy, with the policy named', async () => {
    const policy = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'no-giants' },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['widgets'] }],
        },
        validations: [{ expression: "object.spec.size < 10 || request.userInfo.username != 'admin'", message: 'no giants by the admin' }],
      },
    };
    const binding = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'no-giants' },
      spec: { policyName: 'no-giants', validationActions: ['Deny'] },
    };
    await succeeds('create -f -', policy);
    await succeeds('create -f -', binding);
    const refused = await k('create -f -', widget('giant', { size: 10 }));
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(
        /"giant" is invalid: : ValidatingAdmissionPolicy 'no-giants' with binding 'no-giants' denied request: no giants by the admin/,
      ),
    ]);
    expect(await succeeds('create -f -', widget('dwarf'))).toContain('created');
    const broken = structuredClone(policy);
    broken.metadata.name = 'broken';
    broken.spec.validations = [{ expression: 'object.spec.size <', message: '' }];
    expect((await k('create -f -', broken)).stderr).toContain('spec.validations[0].expression');
    await succeeds('delete validatingadmissionpolicybinding no-giants');
    expect(await succeeds('create -f -', widget('giant', { size: 10 }))).toContain('created');
  });
});
