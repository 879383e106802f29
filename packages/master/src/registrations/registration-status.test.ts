import { describe, expect, it } from 'vitest';
import { foldStatus, unusableStatus } from './registration-status.ts';

const up = { place: 'n1', plugin: { ready: true, version: '1.0.0' } };
const down = { place: 'n2', plugin: { ready: false, message: 'KDR_PLUGIN_UNREACHABLE' } };

describe('the status of a registration', () => {
  it('is Ready where every living agent finds it ready', () => {
    expect(foldStatus([up], undefined, 't1')).toMatchObject({
      nodesReady: 1,
      nodesTotal: 1,
      version: '1.0.0',
      conditions: [{ type: 'Ready', status: 'True' }],
    });
  });

  it('names the first place where it is not, and why', () => {
    expect(foldStatus([up, down], undefined, 't1')).toMatchObject({
      nodesReady: 1,
      nodesTotal: 2,
      lastError: 'n2: KDR_PLUGIN_UNREACHABLE',
      conditions: [{ status: 'False', reason: 'NotReady' }],
    });
  });

  it('is not Ready without an agent', () =>
    expect(foldStatus([], undefined, 't1')).toMatchObject({ conditions: [{ status: 'False', reason: 'NoAgent' }] }));

  it('keeps the time of the last change while nothing changes', () => {
    const first = foldStatus([down], undefined, 't1');
    expect(foldStatus([down], first, 't2').conditions?.[0]?.lastTransitionTime).toBe('t1');
    expect(foldStatus([up], first, 't2').conditions?.[0]?.lastTransitionTime).toBe('t2');
  });
});

describe('the status of a registration that nobody can use', () => {
  it('is not Ready, reason Invalid, whatever was said of its plugin before; the time stays while it is so', () => {
    const before = foldStatus([up], undefined, 't1');
    const bad = unusableStatus('spec.match.expression: no', before, 't2');
    expect(bad).toMatchObject({ nodesReady: 0, lastError: 'spec.match.expression: no', version: '1.0.0' });
    expect(bad.conditions).toEqual([
      { type: 'Ready', status: 'False', reason: 'Invalid', message: 'spec.match.expression: no', lastTransitionTime: 't2' },
    ]);
    expect(unusableStatus('spec.match.expression: no', bad, 't3')).toEqual(bad);
    expect(foldStatus([up], bad, 't4').conditions?.[0]).toMatchObject({ status: 'True', lastTransitionTime: 't4' });
  });
});
