import {
  type ActAnswer,
  type ErrorCode,
  type ProbeAnswer,
  type RecoverRequest,
  ActAnswer as ActShape,
  KdrError,
  LIMITS,
  PlanAnswer,
  ProbeAnswers,
  readAnswer,
} from '@kdr/api-types';
import type { TUnion } from '@sinclair/typebox';
import type { ActOnce } from './act-once.ts';
import { SHAPES } from './openapi.ts';
import type { CallServices, Plugin, PluginAnswer, PluginRequest } from './plugin.ts';

// Whoever could not look must not be taken for one who looked and found nothing.
const COULD_NOT_LOOK: ReadonlySet<ErrorCode> = new Set([
  'KDR_COLLECT_UNAVAILABLE',
  'KDR_COLLECT_FAILED',
  'KDR_DIAGNOSE_UNAVAILABLE',
  'KDR_CALLBACK_DENIED',
  'KDR_CALLBACK_TOO_MANY',
]);

function checked<T extends TUnion>(schema: T, answer: unknown) {
  const result = readAnswer(schema, answer);
  if ('error' in result) throw new KdrError('KDR_PLUGIN_BAD_ANSWER', `the plugin’s own answer: ${result.error}`);
  const bytes = Buffer.byteLength(JSON.stringify(result.answer));
  if (bytes > LIMITS.answerBytes) throw new KdrError('KDR_PLUGIN_ANSWER_TOO_LARGE', `the plugin’s own answer has ${bytes} bytes`);
  return result.answer;
}

/** Runs one call of a collector or diagnoser, or a plan. */
async function look(plugin: Plugin, schema: TUnion, request: PluginRequest, services: CallServices): Promise<PluginAnswer> {
  let answer: unknown;
  try {
    answer = await plugin.run(request, services);
  } catch (error) {
    if (!(error instanceof KdrError) || !COULD_NOT_LOOK.has(error.code)) throw error;
    return { outcome: 'Failed', reason: `${error.code}: ${error.message}`.slice(0, 1024), retryable: error.code === 'KDR_COLLECT_FAILED' };
  }
  return checked(schema, answer) as PluginAnswer;
}

/** Runs one call and checks its answer. `once` guards the acts of a recoverer. */
export async function execute(plugin: Plugin, request: PluginRequest, services: CallServices, once?: ActOnce): Promise<PluginAnswer> {
  const mode = 'mode' in request ? request.mode : undefined;
  if (mode === 'Act' && once) {
    return once.act(request as RecoverRequest, async () => checked(ActShape, await plugin.run(request, services)) as ActAnswer);
  }
  if (mode === 'Probe' && once) {
    return once.probe(request as RecoverRequest, async () => checked(ProbeAnswers, await plugin.run(request, services)) as ProbeAnswer);
  }
  return look(plugin, mode === 'Plan' ? PlanAnswer : SHAPES[plugin.manifest.role].answer, request, services);
}
