import { type Abnormal, API_VERSION, NODE_LABEL, RESOURCES } from '@kdr/api-types';
import { ApiError } from '@kdr/controller-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { becomesTrue } from '../faults/waiting.ts';
import { NEWER, olderChart } from './older-chart.ts';
import { type RunningPod, beginDeletion, deadlockedPod, goesAway } from './pods.ts';
import { agentsAbout } from './rights.ts';
import { NAMESPACE, RELEASE, type Stage, finished, openStage, testValues } from './stage.ts';

// An older version whose agents select their Abnormals by label, as on Kubernetes 1.30; then the packed chart, whose agents select by field.
let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  const older = await olderChart(stage);
  await change('install', older, '--create-namespace', ...setJson({ ...testValues(stage.images), crds: { selectableFields: 'never' } }));
}, 1_800_000);
afterAll(() => stage?.close(), 120_000);

const NODES = ['node-1', 'node-2'] as const;
const kubectl = (...args: string[]) => stage.cluster.kubectl(...args);
const setJson = (values: object) => Object.entries(values).map(([key, value]) => `--set-json=${key}=${JSON.stringify(value)}`);

/** Lets Helm change the release, and waits until all of it is replaced and content. */
async function change(verb: 'install' | 'upgrade' | 'rollback', ...args: string[]): Promise<void> {
  const begun = performance.now();
  const { code, stderr } = await stage.helm(verb, RELEASE, ...args, '-n', NAMESPACE);
  expect(code, stderr).toBe(0);
  for (const workload of ['deployment/kdr-master', 'daemonset/kdr-agent'])
    await kubectl('-n', NAMESPACE, 'rollout', 'status', workload, '--timeout=110s');
  const check = await stage.kdr('check', '--wait=50s');
  expect(check.code, `${check.stdout}${check.stderr}`).toBe(0);
  console.log(`${verb}, until everything is replaced and ready: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}
const upgrade = () => change('upgrade', stage.chart, ...setJson({ ...testValues(stage.images), logLevel: 'debug' }));
const rollback = () => change('rollback', '1');

/** As anybody's `kubectl create` would: with the node, and without a word of labels. */
function create(name: string, nodeName: string, more: { labels?: Record<string, string>; spec?: object } = {}): Promise<Abnormal> {
  return stage.client.create<Abnormal>(RESOURCES.Abnormal, {
    ...{ apiVersion: API_VERSION, kind: 'Abnormal', metadata: { namespace: 'default', name, labels: more.labels } },
    spec: {
      ...{ source: 'Custom', fault: 'Probe', nodeName, diagnosers: ['unreaped-children'], ...more.spec },
      objectReference: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    },
  });
}
const get = (name: string) => stage.get('default', name);

type Told = { involvedObject: { name: string }; source?: { host?: string }; count?: number };

/** The Events that tell of a failure, by Abnormal. They come a moment after it. */
async function toldOf(expected: ReadonlyMap<string, string>): Promise<Map<string, Told[]>> {
  let told = new Map<string, Told[]>();
  const all = async () => {
    const events = await kubectl('get', 'events', '--field-selector=involvedObject.kind=Abnormal,reason=Failed', '-o', 'json');
    told = Map.groupBy((JSON.parse(events) as { items: Told[] }).items, ({ involvedObject }) => involvedObject.name);
    return [...expected.keys()].every((name) => told.has(name));
  };
  await becomesTrue(all, 20_000, 1_000);
  return told;
}

/** The honest end of those that there is nothing behind: by the agent of its node, and told once. */
async function endOnce(expected: ReadonlyMap<string, string>): Promise<Abnormal[]> {
  const mine = async () => (await stage.abnormals()).filter(({ metadata }) => expected.has(metadata.name));
  await becomesTrue(async () => (await mine()).every(finished), 60_000);
  const all = await mine();
  const told = await toldOf(expected);
  const seen = all.map(({ metadata: { name, labels }, status }) => {
    const by = told.get(name)?.map(({ source, count = 1 }) => `${source?.host} ${count}`);
    return { name, label: labels?.[NODE_LABEL], phase: status?.phase, reason: status?.reason, by };
  });
  const wanted = [...expected].map(([name, label]) => ({ name, label, phase: 'Failed', reason: 'NotIdentified', by: [`${label} 1`] }));
  const sorted = (list: { name: string }[]) => list.sort((one, other) => one.name.localeCompare(other.name));
  expect(sorted(seen)).toEqual(sorted(wanted));
  return all;
}

/** A new Abnormal every half second, on each node in turn, while something is done; each ends once. */
async function whileReported(prefix: string, does: () => Promise<void>): Promise<void> {
  let over = false;
  const made = new Map<string, string>();
  const reporting = (async () => {
    for (let index = 0; !over; index += 1) {
      const node = NODES[index % 2] ?? '';
      await create(`${prefix}-${index}`, node);
      made.set(`${prefix}-${index}`, node);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  await Promise.all([does().finally(() => (over = true)), reporting]);
  const seconds = (await endOnce(made)).map(
    ({ metadata, status }) => (Date.parse(status?.completionTime ?? '') - Date.parse(metadata.creationTimestamp ?? '')) / 1000,
  );
  console.log(`${prefix}: ${made.size} Abnormals, the longest took ${Math.max(...seconds)} s`);
}

/** How many Abnormals the agent of a node has heard of and holds. */
async function held(node: string): Promise<number> {
  const agent = ['-l', 'app.kubernetes.io/component=agent', `--field-selector=spec.nodeName=${node}`];
  const address = await kubectl('get', 'pods', '-n', NAMESPACE, ...agent, '-o', 'jsonpath={.items[0].status.podIP}');
  const text = await (await fetch(`http://${address}:9810/metrics`)).text();
  return Number(/^informer_objects\{resource="abnormals[^"]*"\} (\d+)/m.exec(text)?.[1]);
}

async function kind() {
  const crd = JSON.parse(await kubectl('get', 'crd', 'abnormals.kdr.dev', '-o', 'json')) as {
    spec: {
      versions: {
        selectableFields?: object[];
        additionalPrinterColumns: { name: string }[];
        schema: { openAPIV3Schema: { properties: { spec: { properties: object } } } };
      }[];
    };
  };
  const [version] = crd.spec.versions;
  return {
    fields: version?.selectableFields?.length ?? 0,
    column: version?.additionalPrinterColumns.some(({ name }) => name === NEWER.column),
    field: NEWER.field in (version?.schema.openAPIV3Schema.properties.spec.properties ?? {}),
  };
}

describe('agents that select by label', { timeout: 120_000 }, () => {
  it('run where the kind has no selectable fields', async () => {
    expect(await kind()).toEqual({ fields: 0, column: false, field: false });
    await expect(kubectl('get', 'abnormals', '--field-selector=spec.nodeName=node-1')).rejects.toThrow(/field label not supported/);
  });

  it('carry what names their node to its end, though nobody labelled it', async () => {
    await create('unlabelled', 'node-2');
    await endOnce(new Map([['unlabelled', 'node-2']]));
  });

  it('hear nothing of another node’s', async () => {
    const before = await held('node-1');
    await Promise.all(Array.from({ length: 200 }, (_, index) => create(`bulk-${index}`, 'node-2')));
    expect(await becomesTrue(async () => (await held('node-2')) >= 201, 60_000)).toBe(true);
    expect([before, await held('node-1')]).toEqual([0, 0]);
  });

  it('can’t be shown another node’s by a wrong label', async () => {
    const refused = (work: Promise<unknown>) => expect(work).rejects.toThrow(/kdr-node-label/);
    await refused(create('mislabelled', 'node-2', { labels: { [NODE_LABEL]: 'node-1' } }));
    await refused(kubectl('label', 'abnormal', 'unlabelled', `${NODE_LABEL}=node-1`, '--overwrite'));
    await refused(kubectl('label', 'abnormal', 'unlabelled', `${NODE_LABEL}-`));
    expect(await held('node-1')).toBe(0);
  });

  it('leave it alone, and the master mends the label, where no policy refuses it', async () => {
    const bind = (action: string) =>
      kubectl('patch', 'validatingadmissionpolicybinding', 'kdr-node-label', '--type=json', '-p', setAction(action));
    await bind('Audit');
    try {
      // The API server reads its policies anew once in a while.
      const taken = () =>
        create('mislabelled', 'node-2', { labels: { [NODE_LABEL]: 'node-1' } }).then(
          () => true,
          (error: unknown) => (error instanceof ApiError && error.status === 403 ? false : Promise.reject(error)),
        );
      expect(await becomesTrue(taken, 30_000)).toBe(true);
      await endOnce(new Map([['mislabelled', 'node-2']]));
      expect(agentsAbout(stage.cluster, 'mislabelled')).toEqual(['node-2']);
      expect(await becomesTrue(async () => (await held('node-1')) === 0, 10_000)).toBe(true);
    } finally {
      await bind('Deny');
    }
  });
});

const setAction = (action: string) => JSON.stringify([{ op: 'replace', path: '/spec/validationActions', value: [action] }]);

describe('the release', { timeout: 240_000 }, () => {
  let pod: RunningPod;
  beforeAll(async () => {
    const stuck = await deadlockedPod(stage.cluster, { name: 'stuck', node: 'node-2' });
    pod = stuck.pod;
    await beginDeletion(stage.cluster, pod.name);
    await stuck.stop();
    await stage.about(pod.name, ({ status }) => status?.recovery?.proposal !== undefined);
  }, 240_000);

  it('is upgraded, and its agents select by field: what is there stays, what comes meanwhile is carried to its end once', async () => {
    await whileReported('upgraded', upgrade);
    expect(await kind()).toEqual({ fields: 3, column: true, field: true });
    expect(await kubectl('get', 'abnormals')).toMatch(/^NAME +NODE +FAULT +PHASE +CAUSE/);
    expect(await get('unlabelled')).toMatchObject({ status: { phase: 'Failed', reason: 'NotIdentified' } });
    // On node-1 there is nothing but every second one of these.
    const mine = (await stage.abnormals()).filter(({ spec }) => spec.nodeName === 'node-1').length;
    expect(await held('node-1')).toBe(mine);
  });

  it('repairs what waited for an approval all along, once', async () => {
    await stage.approve(pod.name);
    const { status } = await stage.about(pod.name, finished);
    expect(status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered', recovery: { attempts: [{ outcome: 'Acted' }] } });
    expect(await goesAway(stage.cluster, pod.name, 30_000)).toBe(true);
  });

  it('obeys a field that only the newer version knows', async () => {
    await create('short-lived', 'node-1', { spec: { [NEWER.field]: 1 } });
    const gone = async () => (await kubectl('get', 'abnormal', 'short-lived', '--ignore-not-found', '-o', 'name')) === '';
    expect(await becomesTrue(gone, 60_000)).toBe(true);
  });

  it('goes back, fields and all, and again up', async () => {
    await whileReported('rolled-back', rollback);
    expect(await kind()).toEqual({ fields: 0, column: false, field: false });
    expect((await stage.about(pod.name)).status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
    await whileReported('again', upgrade);
    expect(await kind()).toEqual({ fields: 3, column: true, field: true });
  });

  it('leaves kinds and Abnormals when it goes', async () => {
    const before = (await stage.abnormals()).length;
    expect((await stage.helm('uninstall', RELEASE, '-n', NAMESPACE, '--wait', '--timeout=120s')).code).toBe(0);
    expect((await kubectl('get', 'crds', '-o', 'name')).match(/kdr\.dev/g)).toHaveLength(9);
    expect(await stage.abnormals()).toHaveLength(before);
  });
});
