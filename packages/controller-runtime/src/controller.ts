import type { Registry } from 'prom-client';
import type { Informer } from './informer.ts';
import { objectKey } from './kubernetes-object.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import type { Logger } from './logger.ts';
import { counterIn, histogramIn } from './metrics.ts';
import { createWorkQueue } from './work-queue.ts';
import type { WorkQueue } from './work-queue.ts';

/** What a reconcile may answer: come back later, or nothing. */
export interface ReconcileResult {
  requeueAfterMs?: number;
}

/** Brings the object of one key closer to what it should be. Level-triggered: it may run twice for one change, and once for many. */
export type Reconcile = (key: string, context: { signal: AbortSignal; logger: Logger }) => Promise<ReconcileResult | void>;

/** What {@link createController} needs. */
export interface ControllerOptions {
  /** The label of its metrics and log lines. */
  name: string;
  /** Keys that are worked on at the same time; one key never is twice. 4 when left out. */
  workers?: number;
  reconcile: Reconcile;
  logger: Logger;
  /** Receives controller_reconcile_total{controller,result}, controller_reconcile_duration_seconds, and the queue's metrics. */
  metrics?: Registry;
  queue?: WorkQueue;
}

/** See {@link createController}. */
export interface Controller {
  enqueue(key: string): void;
  enqueueAfter(key: string, delayMs: number): void;
  /** Enqueues the keys of every object that changes (before and after); its own key when `mapToKeys` is left out. */
  watch<T extends KubernetesObject>(informer: Informer<T>, mapToKeys?: (object: T) => readonly string[]): void;
  /** Waits until the watched informers have synced, then works until the signal aborts and the workers have finished what they have. */
  run(signal: AbortSignal): Promise<void>;
}

/** Workers that take keys from a queue. A reconcile that throws is logged and comes back with a growing delay. */
export function createController(options: ControllerOptions): Controller {
  const { name, workers = 4, reconcile, metrics } = options;
  const logger = options.logger.child({ controller: name });
  const queue = options.queue ?? createWorkQueue({ name, metrics });
  const total = counterIn(metrics, 'controller_reconcile_total', 'Reconciles, by result.', ['controller', 'result']);
  const seconds = histogramIn(metrics, 'controller_reconcile_duration_seconds', 'Time of one reconcile.', ['controller']);
  const informers = new Set<{ synced: Promise<void> }>();

  const attempt = async (key: string, signal: AbortSignal): Promise<'success' | 'requeue_after' | 'error'> => {
    const log = logger.child({ key });
    try {
      const result = await reconcile(key, { signal, logger: log });
      queue.forget(key);
      if (result?.requeueAfterMs === undefined) return 'success';
      queue.addAfter(key, result.requeueAfterMs);
      return 'requeue_after';
    } catch (err) {
      if (!signal.aborted) {
        log.error({ err, retries: queue.retries(key) }, 'the reconcile failed and will be repeated');
        queue.addRateLimited(key);
      }
      return 'error';
    }
  };
  const work = async (signal: AbortSignal): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      const stop = seconds?.startTimer({ controller: name });
      const result = await attempt(key, signal);
      stop?.();
      total?.inc({ controller: name, result });
      queue.done(key);
    }
  };

  return {
    enqueue: queue.add,
    enqueueAfter: queue.addAfter,
    watch: (informer, mapToKeys = (object) => [objectKey(object)]) => {
      informers.add(informer);
      informer.onChange(({ object, old }) => {
        for (const key of mapToKeys(object)) queue.add(key);
        if (old) for (const key of mapToKeys(old)) queue.add(key);
      });
    },
    run: async (signal) => {
      const stop = (): void => queue.shutDown();
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop);
      try {
        await Promise.race([Promise.all([...informers].map((informer) => informer.synced)), aborted(signal)]);
        await Promise.all(Array.from({ length: workers }, () => work(signal)));
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
