import type { Abnormal } from '@kdr/api-types';
import { RESOURCES, isTerminal } from '@kdr/api-types';
import { ApiError, createController, objectKey } from '@kdr/controller-runtime';
import type { ApiClient, Clock, Controller, Informer, Logger, ReconcileResult } from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import type { PolicyView } from '../diagnosis/policy-view.ts';
import type { InformationStore } from '../information/information-store.ts';
import type { Journal } from '../journal/journal.ts';
import type { AgentMetrics } from '../metrics.ts';
import type { AgentOptions } from '../options.ts';
import type { RecovererChain } from '../recovery/recoverer-chain.ts';
import { withoutFinalizer } from '../recovery/intent.ts';
import type { Stage } from './pipeline.ts';
import { advance } from './reconcile.ts';
import type { StatusWriter } from './status-writer.ts';
import { deleteFinished, ledgerMs, timeToLiveMs } from './time-to-live.ts';
import { beginWork } from './work.ts';
import type { WorkClock } from './work-clock.ts';

export interface AbnormalControllerContext {
  node: string;
  client: ApiClient;
  clock: Clock;
  logger: Logger;
  registry: Registry;
  options: AgentOptions;
  cache: Informer<Abnormal>;
  pipeline: readonly Stage[];
  writer: StatusWriter;
  workClock: WorkClock;
  journal: Journal;
  store: InformationStore;
  policies: Pick<PolicyView, 'decide'>;
  recovery: RecovererChain;
  metrics: AgentMetrics;
}

/** Works on the Abnormals of this node: one at a time each, many at once. */
export function createAbnormalController(context: AbnormalControllerContext): Controller {
  const { node, client, clock, options, cache, writer, workClock, journal, store, recovery } = context;

  const forget = (uid: string): void => {
    writer.forget(uid);
    workClock.forget(uid);
    recovery.forget(uid);
    // Its record is final: nothing that the journal still holds open can be added to it.
    for (const { attempt } of journal.open(uid)) void journal.recorded(attempt.id).catch(() => undefined);
  };
  cache.onChange(({ kind, object }) => {
    const uid = object.metadata.uid;
    if (kind !== 'deleted' || uid === undefined) return;
    forget(uid);
    void store.drop(uid).catch((err: unknown) => context.logger.warn({ err, uid }, 'information of a deleted Abnormal stays on the node'));
  });

  /** The cache has left the attempts out. */
  const stillNeededMs = async ({ metadata: { namespace, name } }: Abnormal): Promise<number> => {
    const whole = await client.get<Abnormal>(RESOURCES.Abnormal, { namespace, name }).catch((error: unknown) => {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    });
    if (!whole?.status?.recovery?.attempts?.length) return 0;
    return ledgerMs(whole, context.policies.decide(whole, node, whole.status.diagnosis), clock.date().getTime());
  };

  const finish = async (abnormal: Abnormal): Promise<ReconcileResult | void> => {
    forget(abnormal.metadata.uid ?? '');
    const afterMs = timeToLiveMs(abnormal, options.ttlSeconds, clock.date().getTime());
    if (afterMs > 0) return { requeueAfterMs: afterMs };
    const neededMs = await stillNeededMs(abnormal);
    if (neededMs > 0) return { requeueAfterMs: neededMs };
    await deleteFinished(client, abnormal);
  };

  return createController({
    name: 'abnormal',
    workers: options.workers,
    logger: context.logger,
    metrics: context.registry,
    reconcile: async (key, { signal, logger }) => {
      const cached = cache.get(key);
      // An empty or foreign node is nobody's business here, whatever the server sent.
      if (!cached || cached.spec.nodeName !== node) return;
      const abnormal = writer.freshest(cached);
      const finished = isTerminal(cached.status?.phase) && !cached.metadata.finalizers?.length;
      if (finished) return finish(cached);
      const work = beginWork({ abnormal, signal, logger, workClock, options, clock });
      try {
        const dropFinalizer = (current: Abnormal): Promise<Abnormal> => withoutFinalizer(client, current);
        const onStageEnd = (phase: string, ms: number): void => context.metrics.stage(phase, ms / 1000);
        const { afterMs } = await advance(work, { pipeline: context.pipeline, writer, dropFinalizer, onStageEnd });
        return afterMs === undefined ? undefined : { requeueAfterMs: afterMs };
      } catch (error) {
        // It was deleted while it was worked on.
        if (error instanceof ApiError && error.isNotFound) return;
        throw error;
      } finally {
        work.end();
      }
    },
  });
}

/** Key of an Abnormal in the queue. */
export const keyOf = (abnormal: Abnormal): string => objectKey(abnormal);
