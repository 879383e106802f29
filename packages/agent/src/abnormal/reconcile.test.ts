import type { Abnormal, AbnormalStatus } from '@kdr/api-types';
import { API_VERSION } from '@kdr/api-types';
import { silentLogger, systemClock } from '@kdr/controller-runtime';
import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '../options.ts';
import type { Change } from './change.ts';
import { failed, recorded, succeeded } from './change.ts';
import { advance } from './reconcile.ts';
import { beginWork } from './work.ts';
import { createWorkClock } from './work-clock.ts';

const target = { kind: 'Process', process: { bootId: 'b', pid: 4242, startTicks: '7' } } as const;
const attempt = { id: 'i', proposalId: 'p', recoverer: 'r', target, intentAt: '2026-01-01T00:00:00Z', actions: [] };
const open: AbnormalStatus = { phase: 'Recovering', recovery: { attempts: [attempt] } };

/** What is written of a change that a stage comes to while the agent stops. */
async function writtenWhileStopping(status: AbnormalStatus, change: Change): Promise<Change[]> {
  const abnormal: Abnormal = {
    ...{ apiVersion: API_VERSION, kind: 'Abnormal', metadata: { name: 'a', uid: 'u' } },
    ...{ spec: { source: 'Custom', fault: 'F', nodeName: 'n' }, status },
  };
  const stop = new AbortController();
  const begin = { abnormal, signal: stop.signal, logger: silentLogger(), workClock: createWorkClock(systemClock), options: DEFAULTS };
  const work = beginWork({ ...begin, clock: systemClock });
  const written: Change[] = [];
  const run = () => {
    stop.abort();
    return Promise.resolve({ change });
  };
  const phase = status.phase ?? 'Diagnosing';
  await advance(work, {
    pipeline: [{ order: 1, phase, run, onSuccess: 'Identified', onFailure: 'Failed' }],
    writer: {
      write: (current, one) => {
        written.push(one);
        return Promise.resolve(current);
      },
      freshest: (one) => one,
      seen: () => undefined,
      forget: () => undefined,
    },
    dropFinalizer: (one) => Promise.resolve(one),
    onStageEnd: () => undefined,
  });
  work.end();
  return written;
}

describe('while the agent stops, and its sidecars with it,', () => {
  const diagnosing: AbnormalStatus = { phase: 'Diagnosing' };

  it.each<[string, AbnormalStatus, Change]>([
    ['a failure', diagnosing, failed('Diagnosing', 'NotIdentified', 'nobody could be asked')],
    ['a failure to find out what an act did', open, failed('Recovering', 'EffectUnknown', 'the probe did not answer')],
    ['who was passed over', { phase: 'Recovering' }, recorded('Recovering', (status) => status)],
  ])('%s says nothing and is left for the next process', async (_, status, change) => {
    expect(await writtenWhileStopping(status, change)).toEqual([]);
  });

  it.each<[string, AbnormalStatus, Change]>([
    ['what was found', diagnosing, succeeded('Diagnosing', 'Identified', 'found')],
    ['what an act did', open, recorded('Recovering', (status) => status)],
  ])('%s is written', async (_, status, change) => {
    expect(await writtenWhileStopping(status, change)).toEqual([change]);
  });
});
