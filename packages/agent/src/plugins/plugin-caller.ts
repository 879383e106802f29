import { randomUUID } from 'node:crypto';
import type {
  CollectAnswer,
  CollectedInformation,
  DiagnoseAnswer,
  Diagnosis,
  Envelope,
  Failed,
  Mode,
  Purpose,
  RecoverAnswer,
  TargetIdentity,
} from '@kdr/api-types';
import { PROTOCOL } from '@kdr/api-types';
import { jitteredBackoff, sleep } from '@kdr/controller-runtime';
import type { Clock } from '@kdr/controller-runtime';
import { PluginError } from '@kdr/plugin-client';
import type { Work } from '../abnormal/work.ts';
import type { AgentMetrics } from '../metrics.ts';
import type { AgentOptions } from '../options.ts';
import type { CallbackTokens } from './callback-tokens.ts';
import type { RegisteredPlugin } from './registered-plugin.ts';
import { untilReady } from './until-ready.ts';

/** What was collected, by collector, as plugins get it. */
export type InformationByCollector = Record<string, CollectedInformation>;

/** A call that came to nothing, in the form of the answer Failed. `code`: of the error, where the plugin did not say Failed itself. */
export type Failure = Failed & { code?: string };

/** How an Act ended. Unclear: it may have been done or not, and must be probed. NotSent: it did not leave this process. */
export type ActResult =
  { end: 'Answered'; answer: RecoverAnswer } | { end: 'Unclear'; reason: string } | { end: 'NotSent'; reason: string };

interface About {
  information: InformationByCollector;
  /** Names of the plugins that asked on the way here. */
  line?: readonly string[];
}

/** Makes the calls of the protocol: envelope, turn, deadline, repetition, metrics. */
export interface PluginCaller {
  /** `patient`: a collector that can't be reached is waited for. Not where a plugin asks back, whose own deadline runs meanwhile. */
  collect(work: Work, plugin: RegisteredPlugin, parameters?: Record<string, unknown>, patient?: boolean): Promise<CollectAnswer | Failure>;
  diagnose(work: Work, plugin: RegisteredPlugin, purpose: Purpose, about: About): Promise<DiagnoseAnswer | Failure>;
  /** Plan and Probe are repeated like any question. `hasTurn`: the caller holds a turn at the plugin already. */
  recover(
    work: Work,
    plugin: RegisteredPlugin,
    mode: 'Plan' | 'Probe',
    diagnosis: Diagnosis,
    about: About & { attemptId?: string; patienceMs?: number; hasTurn?: boolean },
  ): Promise<RecoverAnswer | Failure>;
  /** Waits for a turn at the plugin, to be released by the caller. @throws PluginError if the plugin stops being ready or the agent stops. */
  turn(work: Work, plugin: RegisteredPlugin): Promise<() => void>;
  /** Exactly one call, never repeated, not ended by the stop of the agent. The caller holds a turn already. */
  act(
    work: Work,
    plugin: RegisteredPlugin,
    attemptId: string,
    diagnosis: Diagnosis,
    target: TargetIdentity,
    about: About,
  ): Promise<ActResult>;
}

interface CallerContext {
  node: { name: string; bootId: string };
  clock: Clock;
  options: AgentOptions;
  metrics: AgentMetrics;
  tokens: CallbackTokens;
}

/** A call with less than this left is not worth making. */
const SHORTEST_CALL_MS = 5;
const DEADLINE_MARGIN_MS = 50;

export function createPluginCaller({ node, clock, options, metrics, tokens }: CallerContext): PluginCaller {
  const envelope = (work: Work, plugin: RegisteredPlugin, call: Try, information: InformationByCollector): Envelope => {
    const { metadata, spec } = work.abnormal;
    return {
      protocol: PROTOCOL,
      requestId: call.requestId,
      attempt: call.attempt,
      deadline: new Date(clock.date().getTime() + call.timeoutMs).toISOString(),
      node,
      abnormal: { namespace: metadata.namespace ?? '', name: metadata.name, uid: work.uid, spec },
      information,
      parameters: { ...plugin.registration.spec.parameters, ...spec.parameters },
      ...(call.callback && { callback: call.callback }),
    };
  };

  /** One call that has its turn. Its token is valid as long as it runs. */
  const once = async <A extends { outcome: string }>(
    work: Work,
    plugin: RegisteredPlugin,
    call: Try,
    line: readonly string[],
    send: Send<A>,
  ): Promise<A> => {
    const asksBack = plugin.local && plugin.role !== 'collector' && line.length < MAX_LINE;
    const startedAt = clock.now();
    const opened = asksBack ? tokens.open(work, plugin, [...line, plugin.name]) : undefined;
    try {
      const answer = await send({ ...call, callback: opened?.callback });
      plugin.readiness.called(true);
      metrics.pluginCall(plugin.name, plugin.role, answer.outcome);
      return answer;
    } catch (error) {
      // A plugin that notices the deadline itself answers 504 a moment before it.
      const late = clock.now() - startedAt >= call.timeoutMs - DEADLINE_MARGIN_MS ? timedOut(plugin, call, error) : error;
      const code = late instanceof PluginError ? late.code : 'Error';
      plugin.readiness.called(code !== 'KDR_PLUGIN_TIMEOUT');
      // Nobody listens on its socket: that is known now, and not only with the next probe.
      if (plugin.local && code === 'KDR_PLUGIN_UNREACHABLE') plugin.readiness.probed({ ready: false, reason: failureOf(late).reason });
      metrics.pluginCall(plugin.name, plugin.role, code);
      throw late;
    } finally {
      opened?.close();
    }
  };

  /** Asks until there is an answer that may stand, no try is left, or no time. A call that did not arrive keeps its id, a new question gets a new one. */
  const ask = async <A extends { outcome: string }>(
    work: Work,
    plugin: RegisteredPlugin,
    line: readonly string[],
    send: Send<A | Failed>,
    { patienceMs = 0, hasTurn = false, patient = line.length === 0 } = {},
  ): Promise<A | Failure> => {
    const until = clock.now() + patienceMs;
    let requestId = randomUUID() as string;
    let attempt = 1;
    for (let tries = 1; ; tries += 1) {
      const outcome = await inTurn(work, plugin, hasTurn, (timeoutMs) => once(work, plugin, { requestId, attempt, timeoutMs }, line, send));
      if (outcome.outcome !== 'Failed') return outcome as A;
      const failure = outcome as Failure;
      // A call that the stop of the agent ended says nothing about the plugin: the next process asks again.
      if (work.signal.aborted) throw new Stopping(plugin.name);
      const mayRepeat = failure.retryable && (tries <= options.retries || clock.now() < until);
      if (!mayRepeat || work.left() < SHORTEST_CALL_MS) return failure;
      if (failure.code === undefined) [requestId, attempt] = [randomUUID(), 1];
      else attempt += 1;
      await sleep(clock, jitteredBackoff(tries, { baseMs: options.retryBackoffMs, maxMs: 5_000 }, Math.random), work.signal);
      if (patient) await untilReady(work, plugin, clock);
    }
  };

  const inTurn = async <A extends { outcome: string }>(
    work: Work,
    plugin: RegisteredPlugin,
    hasTurn: boolean,
    call: (timeoutMs: number) => Promise<A>,
  ): Promise<A | Failure> => {
    let release: (() => void) | undefined;
    try {
      release = hasTurn ? undefined : await takeTurn(work, plugin);
      const timeoutMs = Math.min(plugin.timeoutMs, work.left());
      if (timeoutMs < SHORTEST_CALL_MS) return failure('the stage has no time left', false, 'KDR_PLUGIN_TIMEOUT');
      return await call(Math.ceil(timeoutMs));
    } catch (error) {
      return failureOf(error);
    } finally {
      release?.();
    }
  };

  return {
    collect: (work, plugin, parameters, patient = false) =>
      ask<CollectAnswer>(
        work,
        plugin,
        [],
        (call) => {
          // Not the Abnormal's own: whoever may create one would choose what is looked at, past the rights that are checked for its references.
          const own = { ...plugin.registration.spec.parameters, ...parameters };
          return plugin.client.collect(
            { ...envelope(work, plugin, call, {}), parameters: own },
            { timeoutMs: call.timeoutMs, signal: work.signal },
          );
        },
        { patient },
      ),
    diagnose: (work, plugin, purpose, { information, line = [] }) =>
      ask<DiagnoseAnswer>(work, plugin, line, (call) => {
        const request = { ...envelope(work, plugin, call, information), purpose, diagnosis: work.abnormal.status?.diagnosis };
        return plugin.client.diagnose(request, { timeoutMs: call.timeoutMs, signal: work.signal });
      }),
    recover: (work, plugin, mode, diagnosis, { information, line = [], attemptId, patienceMs, hasTurn }) =>
      ask<RecoverAnswer>(
        work,
        plugin,
        line,
        (call) => {
          const request = recoverRequest(envelope(work, plugin, call, information), mode, diagnosis, diagnosis.target, attemptId);
          return plugin.client.recover(request, { timeoutMs: call.timeoutMs, signal: work.signal });
        },
        { patienceMs, hasTurn },
      ),
    turn: takeTurn,
    act: async (work, plugin, attemptId, diagnosis, target, { information }) => {
      const call: Try = { requestId: attemptId, attempt: 1, timeoutMs: plugin.timeoutMs };
      try {
        const answer = await once<RecoverAnswer>(work, plugin, call, [], (sent) =>
          plugin.client.recover(recoverRequest(envelope(work, plugin, sent, information), 'Act', diagnosis, target, attemptId), {
            timeoutMs: sent.timeoutMs,
          }),
        );
        if (answer.outcome === 'Failed' && answer.retryable) return { end: 'Unclear', reason: answer.reason };
        return { end: 'Answered', answer };
      } catch (error) {
        const sent = !(error instanceof PluginError) || error.sent;
        return { end: sent ? 'Unclear' : 'NotSent', reason: failureOf(error).reason };
      }
    },
  };
}

/** The agent stops; whatever was being decided is decided by the next one. */
class Stopping extends Error {
  override readonly name = 'Stopping';
  constructor(plugin: string) {
    super(`the agent stops while it asks ${plugin}`);
  }
}

interface Try {
  requestId: string;
  attempt: number;
  timeoutMs: number;
  callback?: Envelope['callback'];
}
type Send<A> = (call: Try) => Promise<A>;

/** Plugins that may ask each other in one line. */
const MAX_LINE = 3;

function recoverRequest(envelope: Envelope, mode: Mode, diagnosis: Diagnosis, target: TargetIdentity, attemptId: string | undefined) {
  return { ...envelope, mode, diagnosis, target, ...(attemptId !== undefined && { attemptId }) };
}

/** Waits without counting it as work, as long as the plugin is ready and the agent runs. */
async function takeTurn(work: Work, plugin: RegisteredPlugin): Promise<() => void> {
  const free = plugin.turns.tryTake();
  if (free) return free;
  const leave = new AbortController();
  const abort = (): void => {
    const why = work.signal.aborted ? 'the agent stops' : 'the plugin is not ready any more';
    leave.abort(new PluginError('KDR_PLUGIN_UNREACHABLE', `${plugin.name}: ${why}`, { retryable: true, sent: false }));
  };
  const signals = [work.signal, plugin.unready.signal];
  for (const signal of signals) signal.addEventListener('abort', abort);
  if (signals.some(({ aborted }) => aborted)) abort();
  try {
    return await work.pause(() => plugin.turns.take(leave.signal));
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  }
}

function timedOut(plugin: RegisteredPlugin, { timeoutMs }: Try, error: unknown): unknown {
  if (!(error instanceof PluginError) || error.code === 'KDR_PLUGIN_TIMEOUT' || !error.sent) return error;
  const message = `${plugin.name}: no answer within ${timeoutMs} ms: ${error.message}`;
  return new PluginError('KDR_PLUGIN_TIMEOUT', message, { retryable: true, sent: true, cause: error });
}

function failure(reason: string, retryable: boolean, code: string): Failure {
  return { outcome: 'Failed', reason: reason.slice(0, 1024), retryable, code };
}

function failureOf(error: unknown): Failure {
  if (error instanceof PluginError) return failure(`${error.code}: ${error.message}`, error.retryable, error.code);
  const { code, message } = error as { code?: string; message: string };
  return failure(code ? `${code}: ${message}` : message, false, code ?? 'Error');
}
