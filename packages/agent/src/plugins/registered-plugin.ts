import type { Abnormal, Manifest, Recoverer, Registration, Role } from '@kdr/api-types';
import { KdrError, SCOPE_LABEL } from '@kdr/api-types';
import { compileMatch } from '@kdr/api-types/match';
import { createPluginClient } from '@kdr/plugin-client';
import type { PluginClient, RemoteOptions } from '@kdr/plugin-client';
import type { AgentOptions } from '../options.ts';
import { createReadiness } from './readiness.ts';
import type { Readiness, ReadinessRecord } from './readiness.ts';
import { createTurns } from './turns.ts';
import type { Turns } from './turns.ts';

export type PluginKind = 'InformationCollector' | 'Diagnoser' | 'Recoverer';
export const ROLES: Record<PluginKind, Role> = { InformationCollector: 'collector', Diagnoser: 'diagnoser', Recoverer: 'recoverer' };

/** One registration, and what is known of the plugin behind it. */
export interface RegisteredPlugin {
  kind: PluginKind;
  role: Role;
  name: string;
  registration: Registration;
  client: PluginClient;
  turns: Turns;
  timeoutMs: number;
  priority: number;
  /** Listens on this node, and may ask back. */
  local: boolean;
  /** Known once the plugin was ready. */
  manifest: Manifest | undefined;
  readiness: ReadinessRecord;
  /** Aborted when the plugin stops being ready or its registration goes: nobody waits for a turn any longer. */
  unready: AbortController;
  /** Whether it is for this Abnormal. @throws KdrError KDR_CEL_INVALID if its expression gives no truth value. */
  accepts: (abnormal: Abnormal) => boolean;
}

/**
 * Makes the agent's view of a registration. One that can't be used (its expression does not compile, its endpoint may not be called) is there,
 * but never ready, and says why.
 * @param remote how plugins behind Services and URLs are called
 */
export function registeredPlugin(
  kind: PluginKind,
  registration: Registration,
  options: AgentOptions,
  clock: { now(): number },
  onChange: (plugin: RegisteredPlugin) => void,
  remote: RemoteOptions = {},
): RegisteredPlugin {
  const { spec, metadata } = registration;
  const concurrency = spec.concurrency ?? options.pluginConcurrency;
  const timeoutMs = spec.timeoutSeconds
    ? spec.timeoutSeconds * 1000
    : kind === 'InformationCollector'
      ? options.collectTimeoutMs
      : options.pluginTimeoutMs;
  const accepts = attempt(() => compileMatch(spec.match));
  const client = attempt(() =>
    createPluginClient(spec.endpoint, { ...remote, name: metadata.name, role: ROLES[kind], timeoutMs, concurrency }),
  );
  const unusable = ('error' in accepts && accepts.error) || ('error' in client && client.error);
  const first: Readiness = { ready: false, reason: unusable || 'not probed yet' };
  const onTurn = (): void => {
    if (plugin.readiness.now.ready) plugin.unready = new AbortController();
    else plugin.unready.abort(new KdrError('KDR_PLUGIN_UNREACHABLE', `${plugin.name} is not ready any more`));
    onChange(plugin);
  };
  const plugin: RegisteredPlugin = {
    kind,
    role: ROLES[kind],
    name: metadata.name,
    registration,
    client: 'value' in client ? client.value : REFUSED,
    turns: createTurns(concurrency),
    timeoutMs,
    priority: spec.priority ?? 100,
    local: spec.endpoint.local !== undefined,
    manifest: undefined,
    readiness: createReadiness(first, clock, onTurn, unusable ? 0 : options.readyGraceMs),
    unready: new AbortController(),
    accepts: 'value' in accepts ? accepts.value : () => true,
  };
  return plugin;
}

/** An Abnormal that the master bound here because it has no node of its own is not for plugins that look at the node. */
export function inScope({ registration }: RegisteredPlugin, { metadata }: Abnormal): boolean {
  return metadata.labels?.[SCOPE_LABEL] !== 'cluster' || registration.spec.scope === 'cluster';
}
/** Why a plugin that is not {@link inScope} is not asked. */
export const OUT_OF_SCOPE = 'it looks at a node, and this Abnormal has none of its own (scope: node)';

/** Whether the master has found it ready: it probes the plugins that do not listen on a node. */
export function saidReady({ registration }: RegisteredPlugin): boolean {
  return registration.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** What its recoverer must have stored before it acts. */
export function requiredEvidence(plugin: RegisteredPlugin): string[] | undefined {
  return (plugin.registration as Recoverer).spec.requiredEvidence;
}

/** Highest priority first, as with PriorityClasses; then by name. */
export function byPriority(a: RegisteredPlugin, b: RegisteredPlugin): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : 1);
}

function attempt<T>(make: () => T): { value: T } | { error: string } {
  try {
    return { value: make() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

const refuse = (): Promise<never> =>
  Promise.reject(new KdrError('KDR_ENDPOINT_REFUSED', 'the endpoint of this registration may not be called'));
const REFUSED: PluginClient = {
  manifest: refuse,
  ready: refuse,
  collect: refuse,
  diagnose: refuse,
  recover: refuse,
  artifact: refuse,
  close: () => undefined,
};
