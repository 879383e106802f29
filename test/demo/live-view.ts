import { type Abnormal, RESOURCES, isTerminal } from '@kdr/api-types';
import type { ApiClient } from '@kdr/controller-runtime';

/** What has been told of one Abnormal so far. */
export type Teller = (abnormal: Abnormal) => void;

/** Tells each new fact of one Abnormal once, as it appears in its status. */
export function createTeller(print: (text: string) => void): Teller {
  const told = new Set<string>();
  const once = (key: string, text: () => string | undefined) => {
    if (told.has(key)) return;
    const line = text();
    if (line === undefined) return;
    told.add(key);
    print(line);
  };
  return ({ metadata, spec, status }) => {
    const { recovery, diagnosis } = status ?? {};
    once('created', () => `${spec.fault}: the source created Abnormal ${metadata.name} for pid ${spec.processReference?.pid}`);
    for (const one of status?.information ?? [])
      once(`i/${one.collector}`, () => `  collected by ${one.collector}: ${one.summary ?? one.reason ?? one.outcome}`);
    for (const one of status?.diagnosisAttempts ?? []) {
      if (one.outcome !== 'Identified') once(`d/${one.diagnoser}`, () => `  ${one.diagnoser} says ${one.outcome}: ${one.reason}`);
    }
    once(
      'diagnosis',
      () =>
        diagnosis &&
        `  ${diagnosis.diagnoser} identifies ${diagnosis.cause}, confidence ${diagnosis.confidence}:\n${diagnosis.evidence.map((one) => `     * ${one.title}${one.detail ? `\n         ${one.detail.replaceAll('\n', '\n         ')}` : ''}`).join('\n')}`,
    );
    once(
      `p/${recovery?.proposal?.id}`,
      () =>
        recovery?.proposal &&
        `  ${recovery.proposal.recoverer} proposes: ${recovery.proposal.plannedActions.map((one) => one.description).join('; ')}`,
    );
    once(
      `g/${recovery?.grant?.proposalId}/${recovery?.grant?.decision}`,
      () =>
        recovery?.grant &&
        `  the gate says ${recovery.grant.decision} (${recovery.grant.trace.map((one) => `${one.gate} ${one.verdict}`).join(', ')})`,
    );
    for (const one of recovery?.attempts ?? []) {
      once(`a/${one.id}`, () => `  intent written: ${one.expectedEffect ?? one.recoverer}`);
      once(
        `o/${one.id}`,
        () => one.outcome && `  ${one.outcome}: ${one.actions?.map((action) => action.description).join('; ') ?? one.reason ?? ''}`,
      );
    }
    once(
      'v',
      () => recovery?.verification?.result && `  verified: ${recovery.verification.result}: ${recovery.verification.message ?? ''}`,
    );
    once('end', () => (isTerminal(status?.phase) ? `  ${status?.phase} (${status?.reason}): ${status?.message ?? ''}` : undefined));
  };
}

/** Follows the Abnormals of one process until one has ended well, or the time is over. Returns the last that ended. */
export async function follow(
  client: ApiClient,
  pid: number,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<Abnormal | undefined> {
  const tellers = new Map<string, Teller>();
  let last: Abnormal | undefined;
  const see = (abnormal: Abnormal): boolean => {
    if (abnormal.spec.processReference?.pid !== pid) return false;
    const uid = abnormal.metadata.uid ?? '';
    const teller = tellers.get(uid) ?? createTeller(print);
    tellers.set(uid, teller);
    teller(abnormal);
    if (isTerminal(abnormal.status?.phase)) last = abnormal;
    return abnormal.status?.phase === 'Succeeded';
  };
  try {
    const { items, metadata } = await client.list<Abnormal>(RESOURCES.Abnormal);
    if (items.some(see)) return last;
    for await (const event of client.watch<Abnormal>(RESOURCES.Abnormal, { resourceVersion: metadata?.resourceVersion, signal })) {
      if (event.type !== 'BOOKMARK' && see(event.object as Abnormal)) return last;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return last;
}
