import { type ActAnswer, type ProbeAnswer, type RecoverRequest, KdrError, targetKey } from '@kdr/api-types';
import type { AttemptRecords } from './attempt-records.ts';

/** Has each attempt executed at most once, over restarts and kill -9, and tells afterwards what became of it. */
export interface ActOnce {
  act(request: RecoverRequest, run: () => Promise<ActAnswer>): Promise<ActAnswer>;
  /** @param own the recoverer's own probe, asked only where the record can't tell */
  probe(request: RecoverRequest, own: () => Promise<ProbeAnswer>): Promise<ProbeAnswer>;
}

const done = (reason: string): ProbeAnswer => ({ outcome: 'Done', reason });
const notDone = (reason: string): ProbeAnswer => ({ outcome: 'NotDone', reason });

/** @throws KdrError KDR_BAD_REQUEST: Act and Probe need an attemptId, and a target with its identity. */
function attemptOf({ mode, attemptId, target }: RecoverRequest): { id: string; key: string } {
  if (attemptId === undefined || attemptId === '') throw new KdrError('KDR_BAD_REQUEST', `attemptId: Expected for mode ${mode}`);
  const key = targetKey(target);
  if (key === undefined) throw new KdrError('KDR_BAD_REQUEST', `target.${target.kind.toLowerCase()}: Expected, since target.kind names it`);
  return { id: attemptId, key };
}

export function createActOnce(records: AttemptRecords): ActOnce {
  const running = new Map<string, { key: string; execution: Promise<ActAnswer> }>();

  /** @param known the target that the attempt had before; empty where that is not known */
  function sameTarget(id: string, known: string, key: string): void {
    if (known === '' || known === key) return;
    throw new KdrError('KDR_DUPLICATE_REQUEST', `attempt ${id} was for ${known}, not for ${key}`);
  }

  async function execute(id: string, key: string, run: () => Promise<ActAnswer>): Promise<ActAnswer> {
    if (!(await records.begin(id, { state: 'started', target: key }))) {
      const record = await records.read(id);
      sameTarget(id, record?.target ?? '', key);
      if (record?.state === 'finished') return record.answer;
      const what = record?.state === 'withdrawn' ? 'was answered NotDone to a Probe' : 'was started before and its end is not known';
      return { outcome: 'Failed', reason: `attempt ${id} ${what}; it is never done again. Ask with mode Probe.`, retryable: false };
    }
    const answer = await run();
    await records.finish(id, { state: 'finished', target: key, answer });
    return answer;
  }

  async function tell(id: string, identifiedAt: number, key: string, own: () => Promise<ProbeAnswer>): Promise<ProbeAnswer> {
    const record = await records.read(id);
    sameTarget(id, record?.target ?? '', key);
    if (record === undefined) {
      // An act comes after its diagnosis. Records that began later than that may have been lost with the attempt in them.
      if (records.since > identifiedAt) return own();
      const withdrawn = await records.begin(id, { state: 'withdrawn', target: key });
      return withdrawn ? notDone('it never reached this recoverer, and now never will be done') : tell(id, identifiedAt, key, own);
    }
    if (record.state === 'withdrawn') return notDone('it never reached this recoverer');
    if (record.state === 'started') return own();
    const { outcome } = record.answer;
    if (outcome === 'Acted') return done('the record says Acted');
    return outcome === 'Failed' ? own() : notDone(`it was answered ${outcome}`);
  }

  return {
    async act(request, run) {
      const { id, key } = attemptOf(request);
      const already = running.get(id);
      sameTarget(id, already?.key ?? '', key);
      if (already) return already.execution;
      const execution = execute(id, key, run);
      running.set(id, { key, execution });
      try {
        return await execution;
      } finally {
        running.delete(id);
      }
    },
    async probe(request, own) {
      const { id, key } = attemptOf(request);
      // While it runs here, the end is worth waiting for; the caller's deadline bounds it.
      await running.get(id)?.execution.catch(() => undefined);
      return tell(id, Date.parse(request.diagnosis.identifiedAt), key, own);
    },
  };
}
