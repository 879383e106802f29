import { type AbnormalSource, RESOURCES } from '@kdr/api-types';
import {
  type ApiClient,
  ApiError,
  type CoreEvent,
  type Logger,
  type Runnable,
  createController,
  createInformer,
  eventType,
  objectKey,
  runTogether,
} from '@kdr/controller-runtime';
import { type CompiledSource, abnormalOf, compileEventSources, signalOf } from './event-abnormal.ts';

/** Events that were last seen longer than that before the start are history and are not replayed. */
const HISTORY_MS = 60_000;

/** Events about the agent's own Node, filtered by the API server, become Abnormals as the AbnormalSources of type KubernetesEvent say. */
export function createNodeEventSource(deps: {
  client: ApiClient;
  node: string;
  /** For the Abnormals. */
  namespace: string;
  logger: Logger;
  now?: () => number;
}): Runnable & { name: string } {
  const { client, node, namespace, logger, now = Date.now } = deps;
  return {
    name: 'node-events',
    run: async (signal) => {
      const events = createInformer<CoreEvent>({
        client,
        type: eventType,
        fieldSelector: `involvedObject.kind=Node,involvedObject.name=${node}`,
        logger,
      });
      const sources = createInformer<AbnormalSource>({ client, type: RESOURCES.AbnormalSource, logger });
      const startedAt = now();
      const lastOf = new Map<string, number>();
      let compiled: CompiledSource[] | undefined;

      const compile = (): CompiledSource[] => {
        const list = compileEventSources(sources.list());
        for (const { source, error } of list)
          if (error !== undefined)
            logger.warn({ source: source.metadata.name, error }, 'an AbnormalSource does not compile and hears nothing');
        return list;
      };
      sources.onChange(() => (compiled = undefined));

      /** The same signal makes no second Abnormal for a while, whatever Event carries it. */
      const keyOf = (source: AbnormalSource, reason: string): string => `${source.metadata.uid}/${reason}`;
      const suppressed = (source: AbnormalSource, reason: string): boolean =>
        now() - (lastOf.get(keyOf(source, reason)) ?? -Infinity) < (source.spec.suppressSeconds ?? 3600) * 1000;
      const controller = createController({
        name: 'node-events',
        workers: 1,
        logger,
        reconcile: async (key) => {
          const event = events.get(key);
          if (event === undefined || Date.parse(event.lastTimestamp ?? event.metadata?.creationTimestamp ?? '') < startedAt - HISTORY_MS)
            return;
          const heard = signalOf(event);
          compiled ??= compile();
          const hit = compiled.find((one) => one.error === undefined && one.matches(heard));
          if (hit === undefined || suppressed(hit.source, heard.reason ?? '')) return;
          const abnormal = abnormalOf(hit.source, event, node, namespace);
          await client.create(RESOURCES.Abnormal, abnormal).catch((error: unknown) => {
            if (!(error instanceof ApiError) || !error.isAlreadyExists) throw error;
          });
          // Only now: a create that failed is repeated, not suppressed.
          lastOf.set(keyOf(hit.source, heard.reason ?? ''), now());
          logger.info(
            { abnormal: objectKey(abnormal), reason: heard.reason, source: hit.source.metadata.name },
            'an Event about this node became an Abnormal',
          );
        },
      });
      controller.watch(events);
      await runTogether(
        [events, sources, { name: 'node-events', run: async (stop) => (await sources.synced, controller.run(stop)) }],
        signal,
      );
    },
  };
}
