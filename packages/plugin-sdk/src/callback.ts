import { type Callback, type ErrorCode, CollectAnswer, DiagnoseAnswer, ERROR_CODES, KdrError, LIMITS, readAnswer } from '@kdr/api-types';
import type { TUnion } from '@sinclair/typebox';
import { httpCall } from './http-call.ts';
import type { CallServices } from './plugin.ts';

/** Asking back through the agent that made the call. */
export interface CallbackClient {
  collect(collector: string, parameters: Record<string, unknown>): Promise<Record<string, unknown>>;
  diagnose(diagnoser: string): Promise<DiagnoseAnswer>;
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

// The agent's own code (KDR_COLLECT_UNAVAILABLE, KDR_CALLBACK_DENIED, …) says more than the status.
function problemError(status: number, body: Buffer, otherwise: ErrorCode): KdrError {
  try {
    const { code, detail, title } = JSON.parse(body.toString()) as Record<string, unknown>;
    const text = typeof detail === 'string' ? detail : typeof title === 'string' ? title : `status ${status}`;
    return new KdrError(isErrorCode(code) ? code : otherwise, text.slice(0, 1024));
  } catch {
    return new KdrError(otherwise, `the agent answered with status ${status}`);
  }
}

/** @param callback what the request carried; without one every question fails, with the code that says so. */
export function createCallback(
  callback: Callback | undefined,
  { signal, traceparent }: Pick<CallServices, 'signal' | 'traceparent'>,
): CallbackClient {
  async function ask<T extends TUnion>(path: string, schema: T, question: object, unavailable: ErrorCode, failed: ErrorCode) {
    if (callback === undefined) throw new KdrError(unavailable, 'this call carries no callback: declare what is needed in needs[]');
    const answer = await httpCall(
      { socketPath: callback.socket },
      {
        ...{ method: 'POST', path, body: JSON.stringify(question), signal, maxBytes: LIMITS.answerBytes },
        headers: {
          ...{ 'content-type': 'application/json', authorization: `Bearer ${callback.token}` },
          ...(traceparent !== '' && { traceparent }),
        },
      },
    ).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new KdrError(failed, `asking the agent: ${(cause as Error).message}`, { cause });
    });
    if (answer.status !== 200) throw problemError(answer.status, answer.body, failed);
    let value: unknown;
    try {
      value = JSON.parse(answer.body.toString());
    } catch (cause) {
      throw new KdrError(failed, 'the agent’s answer is not JSON', { cause });
    }
    const result = readAnswer(schema, value);
    if ('error' in result) throw new KdrError(failed, `the agent’s answer is not of the protocol’s shape: ${result.error}`);
    return result.answer;
  }

  return {
    async collect(collector, parameters) {
      const answer = await ask('/v1/collect', CollectAnswer, { collector, parameters }, 'KDR_COLLECT_UNAVAILABLE', 'KDR_COLLECT_FAILED');
      if (answer.outcome === 'Collected') return answer.data;
      throw new KdrError('KDR_COLLECT_FAILED', `collector ${collector}: ${answer.outcome}: ${answer.reason}`);
    },
    diagnose: (diagnoser) => ask('/v1/diagnose', DiagnoseAnswer, { diagnoser }, 'KDR_DIAGNOSE_UNAVAILABLE', 'KDR_DIAGNOSE_UNAVAILABLE'),
  };
}
