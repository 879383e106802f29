import { type Abnormal, API_VERSION, PHASES, type Phase, RESOURCES, TRANSITIONS } from '@kdr/api-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PolicedServer, startPolicedServer } from './policed-server.ts';

let server: PolicedServer;
let count = 0;
beforeAll(async () => {
  server = await startPolicedServer();
});
afterAll(() => server.stop());

/** The way to each phase. */
const WAY: Record<Phase, Phase[]> = {
  InformationCollecting: ['InformationCollecting'],
  Diagnosing: ['InformationCollecting', 'Diagnosing'],
  Recovering: ['InformationCollecting', 'Diagnosing', 'Recovering'],
  Succeeded: ['InformationCollecting', 'Diagnosing', 'Recovering', 'Succeeded'],
  Failed: ['InformationCollecting', 'Failed'],
};

async function abnormalIn(phase: Phase | undefined): Promise<string> {
  const name = `a-${++count}`;
  await server.as.agent.create(RESOURCES.Abnormal, {
    apiVersion: API_VERSION,
    kind: 'Abnormal',
    metadata: { namespace: 'default', name },
    spec: { source: 'Custom', fault: 'Broken', nodeName: 'n1', processReference: { pid: 4242 } },
  });
  for (const step of phase === undefined ? [] : WAY[phase]) await move(name, { phase: step });
  return name;
}

function move(name: string, status: object): Promise<Abnormal> {
  return server.as.agent.patch<Abnormal>(
    RESOURCES.Abnormal,
    { namespace: 'default', name },
    { status },
    { type: 'merge', subresource: 'status' },
  );
}

const legal = (from: Phase | undefined, to: Phase) => TRANSITIONS.some((row) => row.from === from && row.to === to);
const steps = [undefined, ...PHASES].flatMap((from) => PHASES.filter((to) => to !== from).map((to) => ({ from, to })));

describe('the server', () => {
  it.each(steps.filter(({ from, to }) => !legal(from, to)))('refuses $from → $to', async ({ from, to }) => {
    const name = await abnormalIn(from);
    await expect(move(name, { phase: to })).rejects.toMatchObject({
      status: 422,
      message: expect.stringMatching(/status\.phase: Invalid value: .*(?:illegal transition of phase|phase starts as one of)/) as string,
    });
  });

  it.each(steps.filter(({ from, to }) => legal(from, to)))('takes $from → $to', async ({ from, to }) => {
    const name = await abnormalIn(from);
    expect((await move(name, { phase: to })).status?.phase).toBe(to);
  });

  it.each(PHASES)('refuses that the phase %s is taken away', async (phase) => {
    const name = await abnormalIn(phase);
    await expect(move(name, { phase: null })).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('status.phase') as string,
    });
  });

  it('refuses that an attempt is taken off the record, or altered', async () => {
    const name = await abnormalIn('Recovering');
    const target = { kind: 'Process', process: { bootId: 'b', pid: 4242, startTicks: '7' } };
    const attempt = { id: 'a1', proposalId: 'p1', recoverer: 'r', target, intentAt: new Date().toISOString() };
    await move(name, { recovery: { attempts: [attempt] } });
    for (const attempts of [[], null, [{ ...attempt, recoverer: 'other' }]])
      await expect(move(name, { recovery: { attempts } })).rejects.toMatchObject({
        status: 422,
        message: expect.stringMatching(/status\.recovery(?:\.attempts)?: .*append-only/) as string,
      });
    expect((await move(name, { recovery: { attempts: [{ ...attempt, outcome: 'Acted' }] } })).status?.recovery?.attempts).toHaveLength(1);
  });
});
