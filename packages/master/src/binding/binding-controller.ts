import { type Abnormal, NODE_LABEL, RESOURCES, SCOPE_LABEL } from '@kdr/api-types';
import {
  ApiError,
  type ApiClient,
  type Controller,
  type EventRecorder,
  type Informer,
  type KubernetesObject,
  type Logger,
  createController,
  podType,
  referenceTo,
} from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import type { Agents } from '../agents.ts';
import { failByMaster } from '../fail-by-master.ts';
import type { MasterOptions } from '../options.ts';
import { rendezvous } from './rendezvous.ts';

interface Pod extends KubernetesObject {
  spec?: { nodeName?: string };
}

/** Agents that select by label would never hear of it: whoever names the node need not know of the label. */
const lacksLabel = ({ metadata, spec }: Abnormal): boolean => Boolean(spec.nodeName) && metadata.labels?.[NODE_LABEL] !== spec.nodeName;

/** Where an Abnormal without a node shall be worked on. */
type Place = { node: string; scope: 'node' | 'cluster' } | undefined;

/**
 * Binds an Abnormal without `spec.nodeName` once: to its pod's node; else, where that has no living agent or there is none, to a living one by rendezvous
 * hash, with the label that makes the agent ask only plugins of scope cluster. Not bound in time: Failed/Unassigned. One that was created with a node
 * gets the label of it, also when it is finished: its agent deletes it one day.
 */
export function createBindingController(deps: {
  client: ApiClient;
  abnormals: Informer<Abnormal>;
  agents: Agents;
  events: EventRecorder;
  options: MasterOptions;
  logger: Logger;
  metrics?: Registry;
  now?: () => number;
}): Controller {
  const { client, abnormals, agents, events, options, now = Date.now } = deps;

  const placeOf = async (abnormal: Abnormal): Promise<Place> => {
    const { podReference: pod, objectReference: object } = abnormal.spec;
    // A binding is for good: an agent that has missed renewals is waited for until it answers, or its node is taken for dead.
    const answering = agents.answering(now());
    if (pod !== undefined) {
      const found = await client.get<Pod>(podType, { namespace: pod.namespace, name: pod.name }).catch((error: unknown) => {
        if (error instanceof ApiError && error.isNotFound) return undefined;
        throw error;
      });
      const same = found !== undefined && (pod.uid === undefined || found.metadata?.uid === pod.uid);
      const own = same ? found.spec?.nodeName : undefined;
      if (own && answering.includes(own)) return { node: own, scope: 'node' };
      // Its agent may only be restarting; a node that stays silent longer is taken for dead.
      if (own && now() - Date.parse(abnormal.metadata.creationTimestamp ?? '') < options.agentStaleMs) return undefined;
    }
    if (object?.kind === 'Node') {
      if (answering.includes(object.name)) return { node: object.name, scope: 'node' };
      if (agents.alive(now()).includes(object.name)) return undefined;
    }
    const node = rendezvous(abnormal.metadata.uid ?? '', answering);
    return node === undefined ? undefined : { node, scope: 'cluster' };
  };

  const label = ({ metadata: { namespace, name, uid }, spec }: Abnormal): Promise<unknown> =>
    client.patch(
      RESOURCES.Abnormal,
      { namespace, name },
      { metadata: { uid, labels: { [NODE_LABEL]: spec.nodeName } } },
      { type: 'merge' },
    );

  const controller = createController({
    name: 'binding',
    workers: 4,
    logger: deps.logger,
    metrics: deps.metrics,
    reconcile: async (key) => {
      const abnormal = abnormals.get(key);
      if (abnormal !== undefined && lacksLabel(abnormal)) return void (await label(abnormal));
      if (abnormal === undefined || abnormal.spec.nodeName || abnormal.status?.phase !== undefined) return;
      const place = await placeOf(abnormal);
      if (place !== undefined) {
        const labels = {
          ...abnormal.metadata.labels,
          [NODE_LABEL]: place.node,
          ...(place.scope === 'cluster' ? { [SCOPE_LABEL]: 'cluster' } : {}),
        };
        const body = { metadata: { labels, resourceVersion: abnormal.metadata.resourceVersion }, spec: { nodeName: place.node } };
        await client.patch(RESOURCES.Abnormal, { namespace: abnormal.metadata.namespace, name: abnormal.metadata.name }, body, {
          type: 'merge',
        });
        events.event(
          referenceTo(abnormal),
          'Normal',
          'Bound',
          `Assigned to the agent of node ${place.node}${place.scope === 'cluster' ? ' (it has no node of its own: only cluster plugins are asked)' : ''}`,
        );
        return;
      }
      const waited = now() - Date.parse(abnormal.metadata.creationTimestamp ?? '');
      if (waited < options.unassignedMs) return { requeueAfterMs: Math.min(5_000, options.unassignedMs - waited) };
      await failByMaster(
        client,
        abnormal,
        'Unassigned',
        `No agent could be found for it in ${Math.round(options.unassignedMs / 1000)} s: is one running? \`kdr get leases -n ${options.namespace}\``,
      );
      events.event(referenceTo(abnormal), 'Warning', 'Unassigned', 'No agent could be found for it');
      return;
    },
  });
  controller.watch(abnormals, (abnormal) =>
    abnormal.spec.nodeName && !lacksLabel(abnormal) ? [] : [`${abnormal.metadata.namespace}/${abnormal.metadata.name}`],
  );
  return controller;
}
