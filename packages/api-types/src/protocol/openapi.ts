import type { TSchema } from '@sinclair/typebox';
import { CallbackCollect, CallbackDiagnose } from './callback.ts';
import { CollectAnswer, CollectRequest } from './collect.ts';
import { DiagnoseAnswer, DiagnoseRequest } from './diagnose.ts';
import { PROTOCOL, Problem } from './envelope.ts';
import { Manifest } from './manifest.ts';
import { RecoverAnswer, RecoverRequest } from './recover.ts';

const json = (description: string, schema: TSchema, type = 'application/json') => ({ description, content: { [type]: { schema } } });
const problem = json('The call was wrong, or the plugin broke (RFC 9457).', Problem, 'application/problem+json');

function post(summary: string, request: TSchema, answer: TSchema) {
  return {
    post: {
      summary,
      requestBody: { required: true, content: { 'application/json': { schema: request } } },
      responses: { 200: json('The answer, told apart by `outcome`.', answer), default: problem },
    },
  };
}

/** OpenAPI 3.1 of the plugin protocol: what a plugin in any language serves, and what the agent's callback socket serves. */
export function protocolOpenApi(): object {
  const ok = { responses: { 200: { description: 'Yes.' }, 503: problem } };
  return {
    openapi: '3.1.0',
    info: { title: 'KDR plugin protocol', version: PROTOCOL, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: {
      '/v1/manifest': { get: { summary: 'What the plugin says of itself', responses: { 200: json('Manifest.', Manifest) } } },
      '/v1/collect': post('Information about this target', CollectRequest, CollectAnswer),
      '/v1/diagnose': post('Do you recognise this fault?', DiagnoseRequest, DiagnoseAnswer),
      '/v1/recover': post('Plan, Act or Probe', RecoverRequest, RecoverAnswer),
      '/v1/artifacts/{id}': {
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        get: { summary: 'The bytes of an artifact', responses: { 200: { description: 'The bytes.' }, 404: problem } },
        delete: { summary: 'The agent has it', responses: { 204: { description: 'Released.' } } },
      },
      '/healthz': { get: ok },
      '/readyz': { get: ok },
    },
    'x-agent-callback': {
      description: 'Served by the agent on `callback.socket`, `Authorization: Bearer callback.token`.',
      paths: {
        '/v1/collect': post('Ask a collector', CallbackCollect, CollectAnswer),
        '/v1/diagnose': post('Ask another diagnoser', CallbackDiagnose, DiagnoseAnswer),
      },
    },
  };
}
