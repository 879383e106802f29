import { expect, it } from 'vitest';
import { negotiateForm, wantsAggregatedDiscovery } from './negotiation.ts';
import { parseRequestPath } from './request-path.ts';

it.each([
  [undefined, 'object'],
  ['*/*', 'object'],
  ['application/json', 'object'],
  ['application/vnd.kubernetes.protobuf, application/json', 'object'],
  ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', 'table'],
  ['application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', 'object'],
  ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'metadata'],
])('takes %s for %s', (accept, form) => {
  expect(negotiateForm(accept)).toBe(form);
});

it('gives discovery in the form that comes first among those it knows', () => {
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  expect(wantsAggregatedDiscovery(`${aggregated},application/json`)).toBe(true);
  expect(wantsAggregatedDiscovery('application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json')).toBe(
    false,
  );
  expect(wantsAggregatedDiscovery(undefined)).toBe(false);
  expect(() => wantsAggregatedDiscovery('text/html')).toThrow();
});

it.each([
  ['/api/v1/namespaces/a', { group: '', version: 'v1', plural: 'namespaces', name: 'a' }],
  ['/api/v1/namespaces/a/status', { group: '', version: 'v1', plural: 'namespaces', name: 'a', subresource: 'status' }],
  ['/api/v1/namespaces/a/pods', { group: '', version: 'v1', plural: 'pods', namespace: 'a' }],
  [
    '/apis/g.io/v1/namespaces/a/things/b/status',
    { group: 'g.io', version: 'v1', plural: 'things', namespace: 'a', name: 'b', subresource: 'status' },
  ],
  ['/apis/g.io/v1/things/', { group: 'g.io', version: 'v1', plural: 'things' }],
])('reads %s', (path, expected) => {
  expect(parseRequestPath(path)).toEqual({ what: 'resource', ...expected });
});

it.each(['/', '/constructor', '/__proto__/x', '/apis/g/v1/a/b/c/d', '/version/x', '/openapi/v2'])('has nothing at %s', (path) => {
  expect(parseRequestPath(path)).toBeUndefined();
});
