import { KINDS, type Registration } from '@kdr/api-types';
import type { Lease } from '@kdr/controller-runtime';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import { type Node, checkAgents } from './agents.ts';
import { createFreshnessJudge } from './freshness.ts';
import { type Definition, checkKinds } from './kinds.ts';
import { checkMaster } from './master.ts';
import { checkPlugins } from './plugins.ts';
import { type PolicyState, checkPolicies } from './policies.ts';
import type { Seen } from './reader.ts';
import { allFine, progress, report, verdict } from './report.ts';
import { checkServer, isEmbedded } from './server.ts';
import { type WebhookConfiguration, checkWebhook } from './webhook.ts';
import { type DaemonSet, type Deployment, checkDeployment, tolerates } from './workloads.ts';

const found = <T>(value: T): Seen<T> => ({ state: 'found', value });
const absent = { state: 'absent' } as const;
const denied = { state: 'denied', message: 'User "x" cannot list resource "leases"' } as const;
const NOW = Date.parse('2026-01-01T00:00:00Z');
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1000).toISOString();
const lease = (name: string, secondsAgo: number, holder: string | undefined = 'me'): Lease => ({
  metadata: { name },
  spec: { holderIdentity: holder, leaseDurationSeconds: 15, renewTime: at(secondsAgo) },
});
/** A judge whose clocks the test moves. */
function judge(clock = { passed: 0 }) {
  return createFreshnessJudge(
    () => NOW + clock.passed,
    () => clock.passed,
  );
}

describe('server', () => {
  const check = (gitVersion: string) => checkServer('https://x', found({ gitVersion }));
  it.each(['v1.30.0', 'v1.34.2', 'v1.31.1-eks-1234', 'v1.35.0+embedded'])('%s is supported', (version) =>
    expect(check(version).verdict).toBe('ok'),
  );
  it.each(['v1.29.9', 'v2.0.0', 'devel'])('%s is not', (version) => expect(check(version).verdict).toBe('failed'));
  it('says how agents select before 1.31', () => {
    expect(check('v1.30.4').message).toContain('kdr.dev/node');
    expect(check('v1.31.0').message).not.toContain('kdr.dev/node');
  });
  it('is the embedded one by its version', () =>
    expect([isEmbedded(found({ gitVersion: 'v1.35.0+embedded' })), isEmbedded(absent)]).toEqual([true, false]));
});

describe('kinds', () => {
  const names = KINDS.map((kind) => kind.plural);
  const definition = (more: Partial<Definition> = {}): Seen<Definition> =>
    found({
      spec: { versions: [{ name: 'v1alpha1', served: true }] },
      status: { conditions: [{ type: 'Established', status: 'True' }] },
      ...more,
    });
  const all = names.map(() => definition());
  const first = (one: Seen<Definition>, served = names) => checkKinds({ served, definitions: [one, ...all.slice(1)] });
  it('are all served', () =>
    expect(checkKinds({ served: names, definitions: all })).toMatchObject({
      verdict: 'ok',
      message: expect.stringContaining('9 kinds') as string,
    }));
  it('may be known from discovery alone', () =>
    expect(checkKinds({ served: names, definitions: names.map(() => denied) }).verdict).toBe('ok'));
  it.each([
    ['missing', first(absent), /^abnormals is not defined$/],
    [
      'not established',
      first(definition({ status: { conditions: [{ type: 'Established', status: 'False', message: 'not yet' }] } })),
      /not established \(not yet\)/,
    ],
    [
      'another version',
      first(definition({ spec: { versions: [{ name: 'v1beta1', served: true }] } })),
      /served as v1beta1, not as v1alpha1/,
    ],
    ['not served', first(definition(), names.slice(1)), /^abnormals is not served yet$/],
    ['nothing', checkKinds({ served: [], definitions: names.map(() => absent) }), /^no kind of kdr\.dev is defined here$/],
  ])('%s', (_what, check, says) =>
    expect(check).toMatchObject({
      verdict: 'failed',
      message: expect.stringMatching(says) as string,
      next: expect.stringContaining('helm') as string,
    }),
  );
});

describe('policies', () => {
  const state = (more: Partial<PolicyState> = {}): PolicyState => ({
    name: 'p',
    policy: found({}),
    binding: found({ spec: { policyName: 'p', validationActions: ['Deny'] } }),
    ...more,
  });
  it('are bound', () => expect(checkPolicies([state()]).verdict).toBe('ok'));
  it.each<[Partial<PolicyState>, RegExp]>([
    [{ policy: absent }, /p is missing/],
    [{ policy: denied }, /can't be seen/],
    [{ binding: absent }, /is not bound/],
    [{ binding: denied }, /can't be seen/],
    [{ binding: found({ spec: { policyName: 'p', validationActions: ['Warn'] } }) }, /without Deny/],
    [{ binding: found({ spec: { policyName: 'q', validationActions: ['Deny'] } }) }, /without Deny/],
    [
      { policy: found({ status: { typeChecking: { expressionWarnings: [{ fieldRef: 'spec.x', warning: 'no\nsuch field' }] } } }) },
      /spec\.x: no\)/,
    ],
  ])('%j', (more, says) =>
    expect(checkPolicies([state(more)])).toMatchObject({ verdict: 'failed', message: expect.stringMatching(says) as string }),
  );
});

describe('webhook', () => {
  const certify = async (from: Date, to: Date) =>
    Buffer.from((await generate([{ name: 'commonName', value: 'ca' }], { notBeforeDate: from, notAfterDate: to })).cert).toString('base64');
  const configuration = (caBundle: string | undefined, apiGroups = ['kdr.dev']): Seen<WebhookConfiguration> =>
    found({ webhooks: [{ name: 'w', failurePolicy: 'Fail', clientConfig: { caBundle }, rules: [{ apiGroups }] }] });
  const check = (seen: Seen<WebhookConfiguration>) => checkWebhook('kdr', seen, NOW);

  it('that is not there is off, and no failure', () => expect(check(absent).verdict).toBe('off'));
  it('is trusted while one of its authorities is good', async () => {
    const [old, good] = [await certify(new Date(NOW - 2e9), new Date(NOW - 1e9)), await certify(new Date(NOW - 1e6), new Date(NOW + 1e10))];
    expect(check(configuration(good))).toMatchObject({ verdict: 'ok', message: expect.stringContaining('until 2026-04-26') as string });
    const both = Buffer.concat([Buffer.from(old, 'base64'), Buffer.from('\n'), Buffer.from(good, 'base64')]).toString('base64');
    expect(check(configuration(both)).verdict).toBe('ok');
    expect(check(configuration(old))).toMatchObject({ verdict: 'failed', message: expect.stringContaining('not valid now') as string });
    expect(check(configuration(good, ['kdr.dev', '*']))).toMatchObject({
      verdict: 'failed',
      message: expect.stringContaining('"*"') as string,
    });
  });
  it.each([
    [configuration(undefined), /no caBundle/],
    [configuration(Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----').toString('base64')), /is no certificate/],
    [found({}), /names no webhook/],
    [denied, /cannot list/],
  ])('%#', (seen, says) => expect(check(seen)).toMatchObject({ verdict: 'failed', message: expect.stringMatching(says) as string }));
});

describe('a Lease', () => {
  it('is fresh by its own times at the first look, and stale by its standing still after that', () => {
    const clock = { passed: 0 };
    const leases = judge(clock);
    expect(leases.judge(lease('a', 3))).toMatchObject({ fresh: true, holder: 'me', ageMs: 3000 });
    clock.passed = 10_000;
    expect(leases.judge(lease('a', 3)).fresh).toBe(true);
    clock.passed = 15_000;
    expect(leases.judge(lease('a', 3))).toMatchObject({ fresh: false, why: 'was not renewed for 18 s by me' });
    expect(leases.doubtful).toBe(false);
  });

  it.each([[100], [-100]])('of a machine whose clock is %i s off is fresh once it has changed', (off) => {
    const clock = { passed: 0 };
    const leases = judge(clock);
    expect([leases.judge(lease('a', off)).fresh, leases.doubtful]).toEqual([false, true]);
    clock.passed = 6_000;
    expect(leases.judge(lease('a', off - 6)).fresh).toBe(true);
  });

  it('that was given up, or is days old, is stale without a doubt', () => {
    const leases = judge();
    expect(leases.judge(lease('a', 1, ''))).toEqual({ fresh: false, why: 'was given up by its holder' });
    expect([leases.judge(lease('b', 90_000)).fresh, leases.doubtful]).toEqual([false, false]);
  });
});

describe('master', () => {
  const check = (seen: Seen<Lease>, embedded = false) => checkMaster(seen, 'kdr-system', embedded, judge());
  it.each([
    [check(found(lease('kdr-master', 2, 'pod-1'))), 'ok', /^pod-1 leads; it said so 2 s ago$/],
    [check(found(lease('kdr-master', 60, 'pod-1'))), 'failed', /nobody leads.*60 s by pod-1/],
    [check(absent), 'failed', /no master has ever led/],
    [check(absent, true), 'off', /kdr up/],
    [check(denied), 'failed', /cannot list/],
  ])('%#', (check, state, says) => expect(check).toMatchObject({ verdict: state, message: expect.stringMatching(says) as string }));
});

describe('agents', () => {
  const node = (name: string, more: Partial<Node> = {}): Node => ({
    metadata: { name },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
    ...more,
  });
  const check = (nodes: Node[], leases: Lease[], daemonSet: Seen<DaemonSet> = absent) =>
    checkAgents({ nodes: found(nodes), leases: found(leases), daemonSet, namespace: 'kdr-system' }, judge());
  const set = (spec: object) => found({ metadata: { name: 'kdr-agent' }, spec: { template: { spec } } });

  it('are to be on every Node that is Ready and not cordoned', () => {
    const nodes = [
      node('a'),
      node('b', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }),
      node('c', { spec: { unschedulable: true } }),
    ];
    expect(check(nodes, [lease('kdr-agent-a', 1)])).toMatchObject({
      verdict: 'ok',
      message: expect.stringMatching(/^alive on 1 of 1 nodes; 2 not counted/) as string,
    });
    expect(check([node('a', { status: undefined })], [lease('kdr-agent-a', 1)]).verdict).toBe('ok');
  });

  it('are named where they are missing, ten of them', () => {
    const result = check([node('a'), node('b'), node('c')], [lease('kdr-agent-a', 1), lease('kdr-agent-b', 99)]);
    expect(result).toMatchObject({ verdict: 'failed', next: expect.stringContaining('component=agent') as string });
    expect(result.message).toBe('missing on 2 of 3 nodes: b (its Lease was not renewed for 99 s by me), c (its Lease does not exist)');
    const many = Array.from({ length: 30 }, (_, index) => node(`n${index}`));
    expect(check(many, []).message).toMatch(/30 of 30 nodes.* and 20 more$/);
  });

  it('are not expected where the DaemonSet is kept away', () => {
    const tainted = node('b', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } });
    const nodes = [node('a', { metadata: { name: 'a', labels: { os: 'linux' } } }), tainted];
    expect(check(nodes, [lease('kdr-agent-a', 1)], set({ nodeSelector: { os: 'linux' } })).verdict).toBe('ok');
    expect(check(nodes, [lease('kdr-agent-a', 1)], set({})).verdict).toBe('ok');
    expect(check(nodes, [lease('kdr-agent-a', 1)], set({ tolerations: [{ operator: 'Exists' }] })).verdict).toBe('failed');
  });

  it('can’t be anywhere without a Node', () => expect(check([], []).message).toContain('no Node'));

  it.each([
    [{ key: 'gpu', effect: 'NoSchedule' }, [{ key: 'gpu', operator: 'Exists' }], true],
    [{ key: 'gpu', value: 'a', effect: 'NoSchedule' }, [{ key: 'gpu', value: 'a' }], true],
    [{ key: 'gpu', value: 'a', effect: 'NoSchedule' }, [{ key: 'gpu', value: 'b' }], false],
    [{ key: 'gpu', effect: 'NoExecute' }, [{ operator: 'Exists', effect: 'NoSchedule' }], false],
    [{ key: 'gpu', effect: 'NoSchedule' }, [{ key: '' }], false],
    [{ key: 'gpu', effect: 'PreferNoSchedule' }, [], true],
  ])('taint %j, tolerations %j: %s', (taint, tolerations, expected) => expect(tolerates(tolerations, taint)).toBe(expected));
});

describe('plugins and workloads', () => {
  const plugin = (status: Registration['status']): Registration => ({
    apiVersion: '',
    kind: 'Diagnoser',
    metadata: { name: 'd' },
    spec: { endpoint: {} },
    status,
  });
  const check = (status: Registration['status']) => checkPlugins([{ role: 'diagnoser', registrations: found([plugin(status)]) }])[0];
  it('are ready everywhere, or it is said where not, and why', () => {
    const ready = { type: 'Ready', status: 'True', reason: 'Ready', lastTransitionTime: at(9) } as const;
    expect(check({ conditions: [ready], nodesReady: 2, nodesTotal: 2, version: '1.0' })).toEqual({
      name: 'diagnoser d',
      verdict: 'ok',
      message: 'ready in 2 of 2 places, version 1.0',
    });
    const not = { ...ready, status: 'False', reason: 'NotReady' } as const;
    expect(check({ conditions: [not], nodesReady: 1, nodesTotal: 2, lastError: 'n2: refused' })).toMatchObject({
      verdict: 'failed',
      message: 'ready in 1 of 2 places: n2: refused',
    });
    expect(check(undefined)).toMatchObject({ verdict: 'failed', message: 'no master has looked at it yet' });
    expect(checkPlugins([{ role: 'diagnoser', registrations: absent }])[0]?.message).toContain('none is registered');
    expect(checkPlugins([{ role: 'diagnoser', registrations: denied }])[0]?.message).toContain('cannot list');
  });

  it('a Deployment is rolled out and available', () => {
    const deployment = (status: Deployment['status']) =>
      checkDeployment('d', 'ns', found({ metadata: { name: 'd', generation: 2 }, spec: { replicas: 2 }, status }));
    expect(deployment({ observedGeneration: 2, updatedReplicas: 2, availableReplicas: 2 })?.verdict).toBe('ok');
    expect(deployment({ observedGeneration: 1, updatedReplicas: 2, availableReplicas: 2 })?.verdict).toBe('failed');
    expect(deployment({ observedGeneration: 2, updatedReplicas: 1, availableReplicas: 2 })?.message).toMatch(
      /1 of 2 replicas are of the current version/,
    );
    expect(deployment({ observedGeneration: 2, updatedReplicas: 2, availableReplicas: 1 })?.message).toMatch(
      /1 of 2 replicas are available/,
    );
    expect(checkDeployment('d', 'ns', denied)?.verdict).toBe('off');
    expect(checkDeployment('d', 'ns', absent)).toBe(undefined);
  });
});

it('is printed as one line each, with what to do next', () => {
  const checks = [
    { name: 'a', verdict: 'ok', message: 'fine' },
    { name: 'longer', verdict: 'failed', message: 'broken', next: 'mend it' },
    { name: 'b', verdict: 'off', message: 'not here' },
  ] as const;
  expect(report(checks, false)).toBe('✓ a        fine\n✗ longer   broken\n           → mend it\n– b        not here');
  expect(report(checks, true)).toContain('\u001b[31m✗');
  expect(checks.map(progress)).toEqual(['✓ a: fine', '… longer: broken', '– b: not here']);
  expect([allFine(checks), verdict(checks)]).toEqual([false, 'KDR is not ready: 1 of 3 checks failed.']);
  expect(verdict([checks[0]])).toBe('KDR is ready.');
});
