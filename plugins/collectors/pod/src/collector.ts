import type { ApiClient } from '@kdr/controller-runtime';
import { type CollectRequest, type Plugin, defineCollector } from '@kdr/plugin-sdk';
import { PodFindings } from './findings.ts';
import { type PodReference, look } from './look.ts';

/**
 * The Pod that the Abnormal names, as the API server knows it now. There is no parameter for another one: parameters may come from whoever
 * created the Abnormal, while the right to name this Pod was checked at admission.
 * @param connect gives the client; called once, at the first question, so that making the plugin has no side effect
 */
export function createPlugin(connect: () => ApiClient): Plugin {
  let connected: ApiClient | undefined;
  const client = () => (connected ??= connect());
  return defineCollector({
    name: 'pod',
    version: '0.1.0',
    description: 'A Pod as the API server knows it now: deletion, finalizers, container states, owners, Events',
    scope: 'cluster',
    findings: PodFindings,
    timeoutSeconds: 15,
    concurrency: 16,
    ready: async () => void (await client().serverTime()),
    async collect({ abnormal }) {
      const reference = referenceOf(abnormal.spec);
      if (reference === undefined) {
        return { outcome: 'NotApplicable', reason: 'the Abnormal names no Pod with its uid; a name alone may be another Pod’s by now' };
      }
      try {
        const data = await look(client(), reference);
        return { outcome: 'Collected', summary: summary(data), data };
      } catch (error) {
        return { outcome: 'Failed', reason: `the Pod can’t be read: ${(error as Error).message}`.slice(0, 1024), retryable: true };
      }
    },
  });
}

function referenceOf({ podReference: pod }: CollectRequest['abnormal']['spec']): PodReference | undefined {
  return pod?.uid === undefined ? undefined : { namespace: pod.namespace, name: pod.name, uid: pod.uid };
}

function summary({ namespace, name, gone, why, phase, nodeName, deletionTimestamp, finalizers = [], now }: PodFindings): string {
  const pod = `Pod ${namespace}/${name}`;
  if (gone) return why === 'OtherUid' ? `${pod} is another one by now` : `${pod} is gone`;
  const where = `${phase ?? 'of unknown phase'} on ${nodeName ?? 'no node'}`;
  if (deletionTimestamp === undefined) return `${pod}: ${where}, not being deleted`;
  const late = Math.round((Date.parse(now) - Date.parse(deletionTimestamp)) / 1000);
  const deadline = late >= 0 ? `${late} s past its deadline` : `${-late} s before its deadline`;
  return `${pod}: ${where}, Terminating, ${deadline}${finalizers.length > 0 ? `; finalizers ${finalizers.join(', ')}` : ''}`.slice(0, 1024);
}
