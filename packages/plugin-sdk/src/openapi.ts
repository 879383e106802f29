import {
  type Manifest,
  type Role,
  CollectAnswer,
  CollectRequest,
  DiagnoseAnswer,
  DiagnoseRequest,
  Manifest as ManifestSchema,
  Problem,
  RecoverAnswer,
  RecoverRequest,
} from '@kdr/api-types';
import type { TSchema, TUnion } from '@sinclair/typebox';
import { ROUTES } from './definition.ts';

/** Request and answer of each role. */
export const SHAPES: Record<Role, { request: TSchema; answer: TUnion }> = {
  collector: { request: CollectRequest, answer: CollectAnswer },
  diagnoser: { request: DiagnoseRequest, answer: DiagnoseAnswer },
  recoverer: { request: RecoverRequest, answer: RecoverAnswer },
};

function json(description: string, schema: TSchema, type = 'application/json') {
  return { description, content: { [type]: { schema } } };
}

/** OpenAPI 3.1 of one plugin, from the schemas that its requests and answers are checked with. */
export function openapi(manifest: Manifest): object {
  const { request, answer } = SHAPES[manifest.role];
  const problem = json('The call was wrong, or the plugin broke.', Problem, 'application/problem+json');
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
  const up = { responses: { 200: { description: 'Yes.' }, 503: problem } };
  return {
    openapi: '3.1.0',
    info: { title: manifest.name, version: manifest.version, ...(manifest.description && { description: manifest.description }) },
    paths: {
      '/v1/manifest': { get: { responses: { 200: json('What the plugin says of itself.', ManifestSchema) } } },
      [ROUTES[manifest.role]]: {
        post: {
          requestBody: { required: true, content: { 'application/json': { schema: request } } },
          responses: { 200: json('The answer, told apart by `outcome`.', answer), default: problem },
        },
      },
      '/v1/artifacts/{id}': {
        get: { parameters: [id], responses: { 200: { description: 'The bytes. May be asked again until released.' }, 404: problem } },
        delete: { parameters: [id], responses: { 204: { description: 'Released.' } } },
      },
      '/healthz': { get: up },
      '/readyz': { get: up },
    },
  };
}
