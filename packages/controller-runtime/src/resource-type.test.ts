import { describe, expect, it } from 'vitest';
import { objectKey, splitKey } from './kubernetes-object.ts';
import { createLogger } from './logger.ts';
import { microTime, secondsTime } from './micro-time.ts';
import { apiVersionOf, collectionPath, leaseType, nodeType, objectPath, podType } from './resource-type.ts';

describe('paths and names', () => {
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

  it('makes keys and takes them apart', () => {
    expect(objectKey({ metadata: { namespace: 'a', name: 'b' } })).toBe('a/b');
    expect(objectKey({ metadata: { name: 'b' } })).toBe('b');
    expect([splitKey('a/b'), splitKey('b')]).toEqual([{ namespace: 'a', name: 'b' }, { name: 'b' }]);
    expect(() => objectKey({})).toThrow(TypeError);
  });

  it('writes times as Kubernetes reads them', () => {
    const date = new Date('2024-05-06T07:08:09.123Z');
    expect([microTime(date), secondsTime(date)]).toEqual(['2024-05-06T07:08:09.123000Z', '2024-05-06T07:08:09Z']);
  });
});

describe('the logger', () => {
  it('writes one JSON object per line, the level as a word, the time in RFC 3339, errors with their stack', () => {
    const lines: string[] = [];
    const logger = createLogger({ name: 'x', level: 'info', destination: { write: (line: string) => void lines.push(line) } });
    logger.debug('not seen');
    logger.child({ key: 'a/b' }).error({ err: new Error('why') }, 'what');
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'error', name: 'x', key: 'a/b', msg: 'what', err: { message: 'why' } });
    expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });
});
