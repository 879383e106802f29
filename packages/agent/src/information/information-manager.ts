import type { CollectAnswer, CollectedInformation, Information, Need } from '@kdr/api-types';
import type { Clock } from '@kdr/controller-runtime';
import type { StageResult } from '../abnormal/stage-result.ts';
import { failed, succeeded } from '../abnormal/change.ts';
import type { Work } from '../abnormal/work.ts';
import type { Failure, InformationByCollector, PluginCaller } from '../plugins/plugin-caller.ts';
import type { Candidate, PluginRegistry } from '../plugins/plugin-registry.ts';
import { OUT_OF_SCOPE, inScope } from '../plugins/registered-plugin.ts';
import type { RegisteredPlugin } from '../plugins/registered-plugin.ts';
import { untilReady } from '../plugins/until-ready.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { collectedInformation } from './collected-information.ts';
import type { InformationStore } from './information-store.ts';
import { withInformation } from './information-status.ts';
import { missingNeeds, neededCollectors } from './needed-collectors.ts';
import type { NeededCollector } from './needed-collectors.ts';
import { withRefusals } from '../diagnosis/diagnosis-attempts.ts';

/** What one collector said: for the status, and whole for the one who asked. */
export interface Collection {
  entry: Information;
  answer: CollectAnswer | Failure;
}

/** Runs collectors: those that the first stage needs, and those that a plugin asks for (R11). */
export interface InformationManager {
  /** The first stage. */
  collectStage(work: Work): Promise<StageResult>;
  /** Asks one collector, now. Its answer is kept in the node's store unless it was asked with parameters of its own. */
  collect(work: Work, collector: string, requestedBy: string, parameters?: Record<string, unknown>): Promise<Collection>;
  /** Asks them again, at once, for a fresh look: Confirm and Verify. */
  collectAgain(work: Work, collectors: readonly string[], requestedBy: string): Promise<Map<string, Collection>>;
  /** What has been collected, for a plugin: what it needs first, then the rest, as far as a request can carry it. */
  known(work: Work, needs: readonly Need[]): Promise<InformationByCollector>;
}

interface Asked {
  parameters?: Record<string, unknown>;
  patient: boolean;
}

interface InformationContext {
  registry: PluginRegistry;
  caller: PluginCaller;
  store: InformationStore;
  artifacts: ArtifactStore;
  clock: Clock;
}

export function createInformationManager({ registry, caller, store, artifacts, clock }: InformationContext): InformationManager {
  const collect: InformationManager['collect'] = (work, collector, requestedBy, parameters) =>
    collected(work, collector, requestedBy, { parameters, patient: false });

  /** For a stage: a collector that is momentarily away is waited for. */
  const collectPatiently = async (work: Work, collector: string, requestedBy: string): Promise<Collection> => {
    await untilReady(work, registry.get('InformationCollector', collector), clock);
    return collected(work, collector, requestedBy, { patient: true });
  };

  const collected = async (work: Work, collector: string, requestedBy: string, asked: Asked): Promise<Collection> => {
    const { parameters } = asked;
    const answer = await askCollector(work, collector, asked);
    const finishedAt = clock.date().toISOString();
    const base = { collector, requestedBy, finishedAt };
    if (answer.outcome !== 'Collected') return { entry: { ...base, outcome: outcomeOf(answer), reason: answer.reason }, answer };
    const plugin = registry.get('InformationCollector', collector);
    const pulled = await pullArtifacts(work, plugin, answer.artifacts ?? []);
    if (!parameters) await store.put(work.uid, collector, { summary: answer.summary, data: answer.data, collectedAt: finishedAt });
    return { entry: { ...base, outcome: 'Collected', summary: answer.summary, data: answer.data, ...pulled }, answer };
  };

  const askCollector = async (work: Work, name: string, { parameters, patient }: Asked): Promise<CollectAnswer | Failure> => {
    const plugin = registry.get('InformationCollector', name);
    if (!plugin) return absent(`no collector ${name} is registered`);
    const state = plugin.readiness.now;
    if (!inScope(plugin, work.abnormal)) return absent(`collector ${name} can’t be asked: ${OUT_OF_SCOPE}`);
    if (!state.ready) return absent(`collector ${name} is not ready: ${state.reason}`);
    return caller.collect(work, plugin, parameters, patient);
  };

  const pullArtifacts = async (
    work: Work,
    plugin: RegisteredPlugin | undefined,
    announced: readonly Parameters<ArtifactStore['pull']>[1][],
  ) => {
    const kept: NonNullable<Information['artifacts']> = [];
    const lost: string[] = [];
    for (const artifact of plugin ? announced : []) {
      try {
        kept.push(await artifacts.pull(plugin!.client, artifact, work.signal));
      } catch (error) {
        lost.push((error as Error).message);
      }
    }
    return { ...(kept.length > 0 && { artifacts: kept }), ...(lost.length > 0 && { reason: lost.join('; ').slice(0, 1024) }) };
  };

  return {
    collect,
    collectStage: async (work) => {
      const candidates = registry.candidates('Diagnoser', work.abnormal);
      await Promise.all(candidates.map(({ plugin, problem }) => (problem ? undefined : untilReady(work, plugin, clock))));
      const needed = neededCollectors(work.abnormal.spec, candidates.flatMap(askable));
      const collected = await Promise.all(needed.map((need) => collectPatiently(work, need.collector, need.requestedBy)));
      return conclude(needed, collected, candidates);
    },
    collectAgain: async (work, collectors, requestedBy) => {
      const again = await Promise.all(collectors.map((collector) => collectPatiently(work, collector, requestedBy)));
      return new Map(again.map((collection) => [collection.entry.collector, collection]));
    },
    known: async (work, needs) => {
      const first = new Set(needs.map(({ collector }) => collector));
      const entries = (work.abnormal.status?.information ?? []).filter(({ outcome }) => outcome === 'Collected');
      const ordered = [
        ...entries.filter(({ collector }) => first.has(collector)),
        ...entries.filter(({ collector }) => !first.has(collector)),
      ];
      const whole = await Promise.all(ordered.map(async (entry) => [entry.collector, await wholeOf(work, entry)] as const));
      return collectedInformation(whole);
    },
  };

  async function wholeOf(work: Work, entry: Information): Promise<CollectedInformation | undefined> {
    const stored = await store.get(work.uid, entry.collector);
    if (stored || !entry.data) return stored;
    return { summary: entry.summary ?? '', data: entry.data, collectedAt: entry.finishedAt ?? clock.date().toISOString() };
  }
}

/** How the first stage ends. Pure. */
export function conclude(
  needed: readonly NeededCollector[],
  collected: readonly Collection[],
  candidates: readonly Candidate[],
): StageResult {
  const entries = collected.map(({ entry }) => entry);
  const has = (name: string): boolean => entries.some(({ collector, outcome }) => collector === name && outcome === 'Collected');
  const keep = (status: Parameters<typeof withInformation>[0]) => withInformation(status, entries);
  const missing = needed.find(({ collector, required }) => required && !has(collector));
  if (missing) {
    const entry = entries.find(({ collector }) => collector === missing.collector);
    return {
      change: failed(
        'InformationCollecting',
        reasonOf(entry),
        `Collector ${missing.collector}, which the spec requires: ${entry?.reason ?? 'no answer'}`,
        keep,
      ),
    };
  }
  const out = candidates.map((candidate) => ({ candidate, reason: whyPassedOver(candidate, has) }));
  if (candidates.length > 0 && out.every(({ reason }) => reason !== undefined)) {
    const message = `No diagnoser is left: ${out.map(({ candidate, reason }) => `${candidate.name}: ${reason}`).join('; ')}`;
    const refusals = out.map(({ candidate, reason }) => ({
      candidate,
      said: 'passedOver' as const,
      outcome: 'PassedOver',
      reason: reason ?? '',
    }));
    return {
      change: failed('InformationCollecting', 'NoDiagnoserLeft', message, (status, now) => withRefusals(keep(status), refusals, now)),
    };
  }
  if (!needed.some(({ required }) => required) && entries.length === 0) {
    return { change: succeeded('InformationCollecting', 'NothingRequired', 'No collector was needed.', keep) };
  }
  const got = entries.filter(({ outcome }) => outcome === 'Collected').length;
  return { change: succeeded('InformationCollecting', 'Collected', `${got} of ${entries.length} collectors answered.`, keep) };
}

/** Why a diagnoser or recoverer can't be asked, or undefined. */
export function whyPassedOver({ plugin, problem }: Candidate, has: (collector: string) => boolean): string | undefined {
  if (!plugin) return 'it is not registered';
  if (problem) return problem;
  const state = plugin.readiness.now;
  if (!state.ready) return `it is not ready: ${state.reason}`;
  const missing = missingNeeds(plugin.manifest?.needs ?? [], has);
  return missing.length > 0 ? `collectors that it requires gave nothing: ${missing.join(', ')}` : undefined;
}

function askable({ name, plugin, problem }: Candidate): { name: string; needs: readonly Need[] }[] {
  return plugin?.readiness.now.ready && !problem ? [{ name, needs: plugin.manifest?.needs ?? [] }] : [];
}

function absent(reason: string): Failure {
  return { outcome: 'Failed', reason, retryable: false, code: 'KDR_COLLECT_UNAVAILABLE' };
}

function outcomeOf(answer: Exclude<CollectAnswer, { outcome: 'Collected' }> | Failure): Information['outcome'] {
  if (answer.outcome === 'NotApplicable') return 'NotApplicable';
  const code = 'code' in answer ? answer.code : undefined;
  if (code === 'KDR_COLLECT_UNAVAILABLE') return 'Absent';
  return code === 'KDR_PLUGIN_TIMEOUT' ? 'TimedOut' : 'Failed';
}

function reasonOf(entry: Information | undefined): 'CollectorAbsent' | 'CollectorTimedOut' | 'CollectorFailed' {
  if (entry?.outcome === 'Absent') return 'CollectorAbsent';
  return entry?.outcome === 'TimedOut' ? 'CollectorTimedOut' : 'CollectorFailed';
}
