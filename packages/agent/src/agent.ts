import { join } from 'node:path';
import type { Abnormal } from '@kdr/api-types';
import { SYSTEM_NAMESPACE, isTerminal, targetKey } from '@kdr/api-types';
import { createEventRecorder, runTogether, sleep, systemClock } from '@kdr/controller-runtime';
import type { ApiClient, Controller, Informer, Logger, OwnerReference, Runnable } from '@kdr/controller-runtime';
import { createProcfs } from '@kdr/linux';
import type { RemoteOptions } from '@kdr/plugin-client';
import type { Registry } from 'prom-client';
import { createAbnormalCache } from './abnormal/abnormal-cache.ts';
import { createAbnormalController, keyOf } from './abnormal/abnormal-controller.ts';
import { tellTransition } from './abnormal/abnormal-events.ts';
import { createPipeline } from './abnormal/pipeline.ts';
import { createStatusWriter } from './abnormal/status-writer.ts';
import { createWorkClock } from './abnormal/work-clock.ts';
import { createDiagnoserAsker } from './diagnosis/ask-diagnoser.ts';
import { createDiagnoserChain } from './diagnosis/diagnoser-chain.ts';
import { createPolicyView } from './diagnosis/policy-view.ts';
import { createArtifactStore } from './information/artifact-store.ts';
import { createInformationManager } from './information/information-manager.ts';
import { createInformationStore } from './information/information-store.ts';
import { openJournal } from './journal/journal.ts';
import type { Journal } from './journal/journal.ts';
import { awaitStateLock } from './locks/state-lock.ts';
import { createTargetLocks } from './locks/target-lock.ts';
import { createAgentMetrics } from './metrics.ts';
import { createNodeFacts } from './node/node-facts.ts';
import { DEFAULTS } from './options.ts';
import type { AgentOptions } from './options.ts';
import { createCallbackHandlers } from './plugins/callback-handlers.ts';
import { createCallbackServer } from './plugins/callback-server.ts';
import { createCallbackTokens } from './plugins/callback-tokens.ts';
import { createPluginCaller } from './plugins/plugin-caller.ts';
import { createPluginRegistry } from './plugins/plugin-registry.ts';
import manifest from '../package.json' with { type: 'json' };
import { createPropose } from './recovery/propose.ts';
import { createRecovererChain } from './recovery/recoverer-chain.ts';
import { createNodeEventSource } from './sources/node-event-source.ts';
import { createSourceManager } from './sources/source-manager.ts';

/** What an agent needs from outside. */
export interface AgentContext {
  /** As an identity that may read the registrations and policies, write Abnormals of its own node, its Lease, and Events. */
  client: ApiClient;
  node: { name: string };
  /** KDR's own namespace, `kdr-system` when left out: the agent's Lease, and Abnormals about the node. */
  namespace?: string;
  /** Owner of the agent's Lease, in the same namespace: the Lease goes with it. */
  leaseOwner?: OwnerReference;
  /** Journal, lock, information, artifacts. One agent per directory. */
  stateDirectory: string;
  /** For `agent.sock`; the state directory when left out. The path must not exceed 107 bytes. */
  socketDirectory?: string;
  /** `/proc` when left out. */
  procRoot?: string;
  logger: Logger;
  registry: Registry;
  /** How plugins behind Services and URLs are called: the token for Services, above all. */
  remote?: RemoteOptions;
  /** Defaults: {@link DEFAULTS}. */
  options?: Partial<AgentOptions>;
}

export interface Agent {
  /** Works until the signal aborts; what it has begun is recorded before it resolves. @throws KdrError KDR_JOURNAL_BROKEN: nothing acts then. */
  run(signal: AbortSignal): Promise<void>;
  /** Whether it works on Abnormals. */
  ready(): boolean;
  /** What is missing for that; undefined when it is ready. */
  notReady(): string | undefined;
}

/** Moves the Abnormals of one node through the stages. */
export function createAgent(context: AgentContext): Agent {
  const { client, node, stateDirectory, logger, namespace = SYSTEM_NAMESPACE } = context;
  const options: AgentOptions = { ...DEFAULTS, ...context.options };
  const clock = systemClock;
  const procfs = createProcfs(context.procRoot);
  const metrics = createAgentMetrics(context.registry);
  let missing: string | undefined = 'not started';
  let journal: Journal | undefined;

  const cache = createAbnormalCache(context, node.name, options.selectBy);
  cache.addIndex('uid', ({ metadata }) => (metadata.uid === undefined ? [] : [metadata.uid]));
  const policies = createPolicyView(context);
  let controller: Controller | undefined;
  const registry = createPluginRegistry({
    ...{ client, clock, logger, metrics, options },
    registry: context.registry,
    remote: context.remote,
    onChange: () => undefined,
  });
  const facts = createNodeFacts({
    client,
    node: node.name,
    namespace,
    owner: context.leaseOwner,
    bootId: procfs.bootId(),
    version: manifest.version,
    plugins: registry.ready,
    logger,
  });
  const recorder = createEventRecorder({ client, component: 'kdr-agent', host: node.name, logger, metrics: context.registry });
  const writer = createStatusWriter({
    client,
    clock,
    onWritten: (before, after) => {
      tellTransition(recorder, before, after);
      const { phase = '', reason = '' } = after.status ?? {};
      if (isTerminal(after.status?.phase) && before.status?.phase !== phase) metrics.finished(phase, reason);
    },
  });

  /** Everything that may only be done by the holder of the state lock. */
  const work = async (signal: AbortSignal, journal: Journal): Promise<void> => {
    const workClock = createWorkClock(clock);
    const store = createInformationStore(join(stateDirectory, 'information'));
    const artifacts = createArtifactStore(join(stateDirectory, 'artifacts'), options.artifactBytes);
    const locks = createTargetLocks(lockedByOpenAttempts(journal));
    const socket = join(context.socketDirectory ?? stateDirectory, 'agent.sock');
    const tokens = createCallbackTokens(socket, options.callbackCalls);
    const caller = createPluginCaller({ node: { name: node.name, bootId: procfs.bootId() }, clock, options, metrics, tokens });
    const information = createInformationManager({ registry, caller, store, artifacts, clock });
    const asker = createDiagnoserAsker({ node: node.name, clock, caller, information, policies, journal });
    const propose = createPropose({ registry, caller, information, clock });
    const diagnosis = createDiagnoserChain({
      registry,
      asker,
      artifacts,
      clock,
      proposeWith: async (work, found) => (await propose(work, found, work.abnormal.status?.recovery)).apply,
    });
    const wake = (abnormal: Abnormal): void => controller?.enqueue(keyOf(abnormal));
    const recovery = createRecovererChain({
      node: node.name,
      client,
      clock,
      options,
      procfs,
      registry,
      caller,
      information,
      asker,
      policies,
      writer,
      journal,
      locks,
      metrics,
      propose,
      wake,
    });
    const pipeline = createPipeline({ information, diagnosis, recovery });
    const callbacks = createCallbackServer(socket, tokens, createCallbackHandlers({ registry, information, asker }), logger);

    missing = 'waiting for registrations, policies and the readiness of plugins';
    await callbacks.start();
    try {
      await Promise.all([registry.settled(signal), untilAborted(cache.synced, signal), untilAborted(policies.synced, signal)]);
      if (signal.aborted) return;
      closeFinishedAttempts(journal, cache);
      void store
        .sweep((uid) => cache.byIndex('uid', uid).length > 0)
        .catch((err: unknown) => logger.warn({ err }, 'the information store could not be swept'));
      controller = createAbnormalController({
        node: node.name,
        client,
        clock,
        logger,
        registry: context.registry,
        options,
        cache,
        pipeline,
        writer,
        workClock,
        journal,
        store,
        policies,
        recovery,
        metrics,
      });
      controller.watch(cache);
      missing = undefined;
      await controller.run(signal);
    } finally {
      missing = 'stopped';
      await callbacks.stop();
    }
  };

  const main: Runnable = {
    name: 'abnormals',
    run: async (signal) => {
      missing = 'waiting for the lock on the state directory';
      const lock = await awaitStateLock(stateDirectory, signal, logger);
      if (!lock) return;
      try {
        journal = await openJournal(join(stateDirectory, 'journal.jsonl'));
        await work(signal, journal);
      } finally {
        await journal?.close();
        // Events are a courtesy: a long queue of them does not hold up the stop.
        await Promise.race([recorder.flush(), sleep(clock, 2_000)]);
        lock.release();
      }
    },
  };

  const notReady = (): string | undefined => missing ?? journal?.broken;
  return {
    run: async (signal) => {
      const informers: Runnable[] = [
        { name: 'informer of Abnormals', run: cache.run },
        { name: 'informer of RecoveryPolicies', run: policies.run },
        { name: 'plugin registry', run: registry.run },
      ];
      const sources = createSourceManager([createNodeEventSource({ client, node: node.name, namespace, logger })], logger);
      await runTogether([main, ...informers, sources, { name: 'lease', run: facts.run }], signal, {
        stopTimeoutMs: options.stopSeconds * 1000,
      });
    },
    ready: () => notReady() === undefined,
    notReady,
  };
}

function* lockedByOpenAttempts(journal: Journal): Iterable<{ key: string; uid: string }> {
  for (const { abnormal, attempt } of journal.open()) {
    const key = targetKey(attempt.target);
    if (key !== undefined) yield { key, uid: abnormal.uid };
  }
}

/** Attempts of Abnormals that are gone or finished: nothing can be added to their record. */
function closeFinishedAttempts(journal: Journal, cache: Informer<Abnormal>): void {
  const open = new Set(cache.list().flatMap(({ metadata, status }) => (isTerminal(status?.phase) ? [] : [metadata.uid])));
  for (const { abnormal, attempt } of journal.open()) if (!open.has(abnormal.uid)) void journal.recorded(attempt.id).catch(() => undefined);
}

function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return Promise.race([
    promise.catch((error: unknown) => {
      if (!signal.aborted) throw error;
    }),
    new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }))),
  ]);
}
