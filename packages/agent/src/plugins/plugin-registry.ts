import type { Abnormal, ReadyPlugin, Registration } from '@kdr/api-types';
import { RESOURCES } from '@kdr/api-types';
import { createInformer, sleep } from '@kdr/controller-runtime';
import type { ApiClient, Clock, Informer, Logger } from '@kdr/controller-runtime';
import type { RemoteOptions } from '@kdr/plugin-client';
import type { Registry } from 'prom-client';
import type { AgentMetrics } from '../metrics.ts';
import type { AgentOptions } from '../options.ts';
import { probePlugin } from './probe-plugin.ts';
import { OUT_OF_SCOPE, byPriority, inScope, registeredPlugin, saidReady } from './registered-plugin.ts';
import type { PluginKind, RegisteredPlugin } from './registered-plugin.ts';

/** Every registered plugin, and whether it can be asked on this node. */
export interface PluginRegistry {
  get(kind: PluginKind, name: string): RegisteredPlugin | undefined;
  /**
   * The candidates for an Abnormal, in the order in which they are asked: those that it names; if it names none, each one that matches, by
   * priority and name. A name that is not registered is there without a plugin. `problem`: its match can't be evaluated.
   */
  candidates(kind: 'Diagnoser' | 'Recoverer', abnormal: Abnormal): Candidate[];
  /** For the Lease. */
  ready(): ReadyPlugin[];
  /** Resolves when the registrations are known and each one was ready or has had `startGraceMs` to become it. */
  settled(signal: AbortSignal): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
  readonly synced: boolean;
}

export interface Candidate {
  name: string;
  plugin?: RegisteredPlugin;
  problem?: string;
}

interface RegistryContext {
  client: ApiClient;
  clock: Clock;
  logger: Logger;
  metrics: AgentMetrics;
  options: AgentOptions;
  /** Where the caches count what they hold. */
  registry: Registry;
  /** How plugins behind Services and URLs are called. */
  remote?: RemoteOptions;
  /** Called when a plugin becomes ready or stops being it. */
  onChange: () => void;
}

/** One that is waited for is probed more often. */
const AWAITED_PAUSE_MS = 500;
const KINDS: readonly PluginKind[] = ['InformationCollector', 'Diagnoser', 'Recoverer'];

/** Follows the registrations and probes their plugins every few seconds. */
export function createPluginRegistry(context: RegistryContext): PluginRegistry {
  const { clock, logger, metrics, options } = context;
  const plugins = new Map<string, RegisteredPlugin>();
  const informers = KINDS.map((kind) => ({ kind, informer: informerOf(kind, context) }));
  const stops = new Map<string, AbortController>();
  let stopped = false;

  const follow = (plugin: RegisteredPlugin, key: string): void => {
    stops.get(key)?.abort();
    const stop = new AbortController();
    stops.set(key, stop);
    void probeRepeatedly(plugin, stop.signal, context);
  };
  const drop = (key: string): void => {
    const plugin = plugins.get(key);
    stops.get(key)?.abort();
    stops.delete(key);
    plugins.delete(key);
    plugin?.readiness.probed({ ready: false, reason: 'its registration was deleted or changed', forGood: true });
    plugin?.unready.abort(new Error(`${plugin.name} was deleted or changed`));
    plugin?.client.close();
  };
  /** What the master finds ready is asked by whoever reads that it is ready: not only after the next probe of this agent. */
  const refresh = (plugin: RegisteredPlugin, key: string, registration: Registration): void => {
    const before = saidReady(plugin);
    plugin.registration = registration;
    if (plugin.local || before || !saidReady(plugin)) return;
    plugin.readiness.announced();
    follow(plugin, key);
  };
  const take = (kind: PluginKind, registration: Registration): void => {
    const key = `${kind}/${registration.metadata.name}`;
    const known = plugins.get(key);
    if (known && sameSpec(known.registration, registration)) return refresh(known, key, registration);
    if (known) drop(key);
    if (stopped) return;
    const onChange = (changed: RegisteredPlugin): void => {
      if (plugins.get(key) !== changed) return;
      const state = changed.readiness.now;
      logger.info({ plugin: changed.name, kind, ...state }, state.ready ? 'the plugin is ready' : 'the plugin is not ready');
      metrics.pluginsReady([...plugins.values()].filter(({ readiness }) => readiness.now.ready).length);
      context.onChange();
    };
    const plugin = registeredPlugin(kind, registration, options, clock, onChange, context.remote);
    plugins.set(key, plugin);
    follow(plugin, key);
  };
  for (const { kind, informer } of informers) {
    informer.onChange((change) => (change.kind === 'deleted' ? drop(`${kind}/${change.object.metadata.name}`) : take(kind, change.object)));
  }
  const all = (): RegisteredPlugin[] => [...plugins.values()];

  return {
    get: (kind, name) => plugins.get(`${kind}/${name}`),
    candidates: (kind, abnormal) => {
      const named = kind === 'Diagnoser' ? abnormal.spec.diagnosers : abnormal.spec.recoverers;
      if (named?.length) return named.map((name) => assigned(name, plugins.get(`${kind}/${name}`), abnormal));
      return all()
        .filter((plugin) => plugin.kind === kind)
        .sort(byPriority)
        .flatMap((plugin) => matching(plugin, abnormal));
    },
    ready: () =>
      all()
        .filter(({ local }) => local)
        .map(({ kind, name, readiness, manifest }) => {
          const state = readiness.now;
          return {
            kind,
            name,
            ready: state.ready,
            version: manifest?.version,
            ...(!state.ready && { message: state.reason.slice(0, 256) }),
          };
        }),
    settled: async (signal) => {
      await Promise.race([Promise.all(informers.map(({ informer }) => informer.synced)), aborted(signal)]);
      const until = clock.now() + options.startGraceMs;
      // One behind a Service that the master finds ready is a moment away: a repair that goes on after a restart may need it.
      const awaited = (plugin: RegisteredPlugin): boolean => (plugin.local || saidReady(plugin)) && !plugin.readiness.now.ready;
      while (!signal.aborted && clock.now() < until && all().some(awaited)) {
        await sleep(clock, 25, signal);
      }
    },
    run: async (signal) => {
      await Promise.all(informers.map(({ informer }) => informer.run(signal)));
      stopped = true;
      for (const key of [...plugins.keys()]) drop(key);
    },
    get synced() {
      return informers.every(({ informer }) => informer.hasSynced);
    },
  };
}

function informerOf(kind: PluginKind, { client, logger, registry }: RegistryContext): Informer<Registration> {
  return createInformer<Registration>({ client, type: RESOURCES[kind], logger, metrics: registry });
}

function assigned(name: string, plugin: RegisteredPlugin | undefined, abnormal: Abnormal): Candidate {
  if (plugin === undefined || inScope(plugin, abnormal)) return { name, plugin };
  return { name, plugin, problem: OUT_OF_SCOPE };
}

function matching(plugin: RegisteredPlugin, abnormal: Abnormal): Candidate[] {
  try {
    return inScope(plugin, abnormal) && plugin.accepts(abnormal) ? [{ name: plugin.name, plugin }] : [];
  } catch (error) {
    return [{ name: plugin.name, plugin, problem: (error as Error).message }];
  }
}

/** Only the spec decides how a plugin is called; its status changes with every probe of the master. */
function sameSpec(a: Registration, b: Registration): boolean {
  return a.metadata.uid === b.metadata.uid && JSON.stringify(a.spec) === JSON.stringify(b.spec);
}

async function probeRepeatedly(plugin: RegisteredPlugin, signal: AbortSignal, { clock, options }: RegistryContext): Promise<void> {
  const startedAt = clock.now();
  while (!signal.aborted) {
    const result = await probePlugin(plugin, signal);
    if (signal.aborted) return;
    plugin.readiness.probed(result);
    const starting = !plugin.readiness.now.ready && clock.now() - startedAt < options.startGraceMs;
    // Spread, so that the plugins of a node are not all probed in the same moment.
    const usual = options.probeIntervalMs * (0.9 + Math.random() * 0.2);
    const pause = starting ? 100 : plugin.readiness.patienceMs > 0 ? Math.min(AWAITED_PAUSE_MS, usual) : usual;
    await sleep(clock, pause, signal);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
