import { describe, expect, it } from 'vitest';
import { apiVersionOf, collectionPath, leaseType, nodeType, objectPath, podType } from './resource-type.ts';

describe('paths', () => {
  it('builds the paths of the core group and of others', () => {
    expect(collectionPath(podType)).toBe('/api/v1/pods');
    expect(collectionPath(podType, 'a')).toBe('/api/v1/namespaces/a/pods');
    expect(collectionPath(nodeType, 'ignored')).toBe('/api/v1/nodes');
    expect(objectPath(leaseType, { namespace: 'a', name: 'l' }, 'status')).toBe(
      '/apis/coordination.k8s.io/v1/namespaces/a/leases/l/status',
    );
    expect([apiVersionOf(podType), apiVersionOf(leaseType)]).toEqual(['v1', 'coordination.k8s.io/v1']);
  });

  it('escapes what would change the path', () => {
    expect(objectPath(nodeType, { name: 'a/../../secrets' })).toBe('/api/v1/nodes/a%2F..%2F..%2Fsecrets');
    expect(objectPath(nodeType, { name: 'x?watch=true' })).toBe('/api/v1/nodes/x%3Fwatch%3Dtrue');
    expect(() => objectPath(nodeType, { name: '..' })).toThrow(TypeError);
  });
});
