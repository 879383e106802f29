import { expect, it } from 'vitest';
import { parseScope } from './hold.ts';

it.each([
  [['all'], { all: true }],
  [['node', 'n1'], { node: 'n1' }],
  [['ns', 'prod'], { namespace: 'prod' }],
  [['pod/web'], { object: { kind: 'Pod', name: 'web', namespace: 'default' } }],
  [['abn/x'], { object: { kind: 'Abnormal', name: 'x', namespace: 'default' } }],
  [['node/n1'], { object: { kind: 'Node', name: 'n1' } }],
])('%j', (words, scope) => expect(parseScope(words, 'default')).toEqual(scope));

it.each([[['everything']], [['node']], [['all', 'x']], [['pod/']]])('refuses %j', (words) =>
  expect(() => parseScope(words, 'default')).toThrow(/is no scope/),
);
