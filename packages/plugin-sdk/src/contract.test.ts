import { describe, test } from 'vitest';
import { Type } from '@sinclair/typebox';
import { defineCollector, defineDiagnoser, defineRecoverer } from './index.ts';
import { testCollector, testDiagnoser, testRecoverer } from './testing.ts';

const DiskUsage = Type.Object({ usedRatio: Type.Number() });

describe('a collector of the SDK', () => {
  const collector = defineCollector({
    name: 'node-name',
    collect: ({ node }) => ({ outcome: 'Collected', summary: node.name, data: { name: node.name } }),
  });
  testCollector(collector, {
    test,
    cases: [{ name: 'gives the node', request: { node: { name: 'n1', bootId: 'b' } }, expect: 'Collected' }],
  });
});

describe('a diagnoser of the SDK', () => {
  const diagnoser = defineDiagnoser({
    name: 'disk-full',
    parameters: Type.Object({ threshold: Type.Number({ default: 0.9 }) }),
    async diagnose({ parameters, collect, node }) {
      const { usedRatio } = await collect('disk-usage', {}, DiskUsage);
      if (usedRatio < parameters.threshold) return { outcome: 'NotIdentified', reason: `disk is at ${usedRatio}` };
      return {
        ...{ outcome: 'Identified', cause: 'DiskFull', title: 'The disk is full', severity: 'warning', confidence: 'high' },
        ...{ evidence: [{ title: `used: ${usedRatio}` }], recommendation: [] },
        target: { kind: 'Node', node: { uid: node.name, bootId: node.bootId } },
      };
    },
  });
  const full = { collectors: { 'disk-usage': { usedRatio: 0.95 } } };
  testDiagnoser(diagnoser, {
    test,
    cases: [
      { name: 'identifies a full disk by asking back', answers: full, expect: 'Identified' },
      { name: 'obeys its parameter', answers: full, request: { parameters: { threshold: 0.99, foreign: 1 } }, expect: 'NotIdentified' },
      { name: 'fails where nobody can be asked', expect: 'Failed' },
      { name: 'fails where the data is of another shape', answers: { collectors: { 'disk-usage': { usedRatio: 'x' } } }, expect: 'Failed' },
    ],
  });
});

describe('a recoverer of the SDK', () => {
  const recoverer = defineRecoverer({
    name: 'nothing',
    plan: ({ target }) => ({ outcome: 'Planned', actions: [{ action: 'Nothing', description: `to ${target.kind}` }] }),
    act: () => ({ outcome: 'Acted', actions: [{ action: 'Nothing', description: 'done' }] }),
  });
  testRecoverer(recoverer, {
    test,
    cases: [
      { name: 'plans', expect: 'Planned' },
      { name: 'acts', request: { mode: 'Act', attemptId: 'a1' }, expect: 'Acted' },
      { name: 'knows that it did not', request: { mode: 'Probe', attemptId: 'a2' }, expect: 'NotDone' },
    ],
  });
});
