import { describe, expect, it } from 'vitest';
import { foldStatus } from './registration-status.ts';

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
