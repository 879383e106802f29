import { NODE_LABEL, SCOPE_LABEL } from '@kdr/api-types';
import { type Lease, leaseType } from '@kdr/controller-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { becomesTrue } from '../faults/waiting.ts';
import { beginDeletion, startPod } from './pods.ts';
import { type Stage, finished, openStage } from './stage.ts';

/** A node that has not been heard of for that long does not answer. The kubelet renews its Lease every ten seconds. */
const STALE_SECONDS = 20;
const POD = 'orphan';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  // What works for the cluster is where it survives; elsewhere Kubernetes would first have to move it, five minutes later.
  const survivor = { 'kubernetes.io/hostname': 'node-1' };
  await stage.install({
    'master.nodeSelector': survivor,
    'clusterPlugins.nodeSelector': survivor,
    'clusterSources.nodeSelector': survivor,
    'sources.pod-terminating': { slackSeconds: 5, nodeStaleSeconds: STALE_SECONDS },
  });
}, 1_800_000);
afterAll(() => stage?.close(), 120_000);

describe('a pod whose node is lost, deleted', { timeout: 200_000 }, () => {
  const silentSeconds = async () => {
    const lease = await stage.client.get<Lease>(leaseType, { namespace: 'kube-node-lease', name: 'node-2' });
    return (Date.now() - Date.parse(lease.spec?.renewTime ?? '')) / 1000;
  };
  let bound = 0;

  it('becomes an Abnormal that no node is named in', async () => {
    const pod = await startPod(stage.cluster, { name: POD, node: 'node-2' });
    // As when the power fails: the kernel ends all of the node.
    process.kill(stage.cluster.node('node-2').pid, 'SIGKILL');
    // Its agent may have been heard of ten seconds after its kubelet.
    expect(await becomesTrue(async () => (await silentSeconds()) > STALE_SECONDS + 10, 60_000)).toBe(true);
    await beginDeletion(stage.cluster, POD);
    const { spec, metadata } = await stage.about(POD);
    bound = Date.now();
    expect(spec).toMatchObject({ source: 'Custom', fault: 'PodStuckTerminating', podReference: { name: POD, uid: pod.uid } });
    expect([spec.nodeName ?? '', metadata.labels?.[NODE_LABEL]]).toEqual(['', undefined]);
  });

  it('is given to a living agent, which asks no plugin that looks at its own node', async () => {
    const { spec, metadata } = await stage.about(POD, ({ spec }) => Boolean(spec.nodeName));
    console.log(`bound after ${Math.round((Date.now() - bound) / 1000)} s`);
    expect([spec.nodeName, metadata.labels?.[NODE_LABEL], metadata.labels?.[SCOPE_LABEL]]).toEqual(['node-1', 'node-1', 'cluster']);
  });

  it('ends with what can be said of it from there: nothing is identified, nothing is repaired', async () => {
    const { status } = await stage.about(POD, finished);
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'NotIdentified',
      message: expect.stringContaining('those of scope node were not asked') as string,
    });
    expect(status?.recovery).toBeUndefined();
    expect(await stage.cluster.kubectl('get', 'pod', POD, '-o', 'jsonpath={.metadata.deletionTimestamp}')).not.toBe('');
  });
});
