import { expect, test } from 'vitest';
import { openApiV3Document } from './openapi-v3.ts';

interface Document {
  paths: Record<string, Record<string, { parameters?: { name: string; in: string }[]; 'x-kubernetes-group-version-kind': object }>>;
  components: { schemas: Record<string, { properties: Record<string, object>; 'x-kubernetes-group-version-kind'?: object[] }> };
}

const schema = {
  type: 'object',
  description: 'A thing.',
  required: ['spec'],
  properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
};
const gvk = { group: 'example.com', version: 'v1', kind: 'Thing' };

function documentOf(namespaced: boolean): Document {
  return openApiV3Document('example.com', 'v1', [{ kind: 'Thing', plural: 'things', namespaced, schema }]) as Document;
}

// kubectl explain (k8s.io/kubectl pkg/explain/v2/templates/plaintext.tmpl) finds the kind through these paths, then its schema.
test('kubectl explain finds the kind by its path and the schema by its kind', () => {
  const document = documentOf(true);
  expect(document.paths['/apis/example.com/v1/namespaces/{namespace}/things']?.['get']?.['x-kubernetes-group-version-kind']).toEqual(gvk);
  expect(Object.keys(documentOf(false).paths)).toEqual(['/apis/example.com/v1/things', '/apis/example.com/v1/things/{name}']);
  const found = Object.values(document.components.schemas).find((each) => each['x-kubernetes-group-version-kind'] !== undefined);
  expect(found).toMatchObject({ description: 'A thing.', required: ['spec'], 'x-kubernetes-group-version-kind': [gvk] });
  expect(Object.keys(found?.properties ?? {}).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
});

// cli-runtime pkg/resource/query_param_verifier_v3.go: otherwise kubectl validates on the client, with /openapi/v2.
test('PATCH has the parameter fieldValidation, so that kubectl leaves validation to the server', () => {
  const patch = documentOf(true).paths['/apis/example.com/v1/namespaces/{namespace}/things/{name}']?.['patch'];
  expect(patch?.parameters).toContainEqual(expect.objectContaining({ name: 'fieldValidation', in: 'query' }));
});

test('the core group is under /api', () => {
  const document = openApiV3Document('', 'v1', [{ kind: 'Node', plural: 'nodes', namespaced: false, schema }]) as Document;
  expect(Object.keys(document.paths)).toEqual(['/api/v1/nodes', '/api/v1/nodes/{name}']);
  expect(Object.keys(document.components.schemas)).toContain('io.k8s.api.core.v1.Node');
});
