import { type Abnormal, RESOURCES, isTerminal } from '@kdr/api-types';
import type { ApiClient } from '@kdr/controller-runtime';
import { paint } from './screen.ts';

/** What has been told of one Abnormal so far. */
export type Teller = (abnormal: Abnormal) => void;

type Told = string | undefined;
type Status = NonNullable<Abnormal['status']>;
type Recovery = NonNullable<Status['recovery']>;

/** So many facts of the evidence are told live; the explanation at the end has them all. */
const TOLD_EVIDENCE = 5;

/** Tells each new fact of one Abnormal once, as it appears in its status. */
export function createTeller(print: (text: string) => void): Teller {
  const told = new Set<string>();
  const once = (key: string, text: Told) => {
    if (text === undefined || told.has(key)) return;
    told.add(key);
    print(text);
  };
  return (abnormal) => {
    for (const [key, text] of facts(abnormal)) once(key, text);
  };
}

/** Everything that is worth a line, in the order in which it happens; a key for each. */
function facts(abnormal: Abnormal): [string, Told][] {
  return [...factsOfDiagnosis(abnormal), ...factsOfRecovery(abnormal.status?.recovery), ['end', toldEnd(abnormal.status)]];
}

function factsOfDiagnosis({ metadata, spec, status }: Abnormal): [string, Told][] {
  const { information = [], diagnosisAttempts = [], diagnosis } = status ?? {};
  return [
    ['created', `${spec.fault}: the source has created Abnormal ${metadata.name}`],
    ...information.map((one): [string, Told] => [
      `i/${one.collector}`,
      `Collected by ${one.collector}: ${one.summary ?? one.reason ?? one.outcome}`,
    ]),
    ...diagnosisAttempts
      .filter(({ outcome }) => outcome !== 'Identified')
      .map((one): [string, Told] => [`d/${one.diagnoser}`, `${one.diagnoser} says ${one.outcome}: ${one.reason}`]),
    ['diagnosis', diagnosis && toldDiagnosis(diagnosis)],
  ];
}

function factsOfRecovery({ proposal, grant, attempts = [], verification }: Recovery = {}): [string, Told][] {
  const all = (actions: { description: string }[] = []) => actions.map(({ description }) => description).join('; ');
  return [
    [`p/${proposal?.id}`, proposal && `${proposal.recoverer} proposes: ${all(proposal.plannedActions)}`],
    [
      `g/${grant?.proposalId}/${grant?.decision}`,
      grant && `The gate says ${grant.decision}: ${grant.trace.map(({ gate, verdict }) => `${gate} ${verdict}`).join(', ')}`,
    ],
    ...attempts.flatMap((one): [string, Told][] => [
      [`a/${one.id}`, `Intent written down: ${one.expectedEffect ?? one.recoverer}`],
      [`o/${one.id}`, one.outcome && `${one.outcome}: ${one.actions ? all(one.actions) : (one.reason ?? '')}`],
    ]),
    ['v', verification?.result && `Looked again: ${verification.result}: ${verification.message ?? ''}`],
  ];
}

function toldEnd(status: Abnormal['status']): Told {
  if (!isTerminal(status?.phase)) return undefined;
  const { phase, reason, message = '' } = status ?? {};
  return paint(phase === 'Succeeded' ? 'green' : 'red', `${phase} (${reason}): ${message}`);
}

function toldDiagnosis({ diagnoser, cause, confidence, evidence }: NonNullable<Status['diagnosis']>): string {
  const lines = evidence.slice(0, TOLD_EVIDENCE).map(({ title, detail }) => `  * ${title}${detail ? `\n      ${detail}` : ''}`);
  return [`${diagnoser} identifies ${paint('bold', cause)} with ${confidence} confidence:`, ...lines].join('\n');
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

/** What KDR saw beside, one line for each process: found without touching it, and left alone. */
export async function othersSeen(client: ApiClient, pid: number): Promise<string[]> {
  const { items } = await client.list<Abnormal>(RESOURCES.Abnormal);
  const others = items.filter(({ spec }) => spec.processReference?.pid !== pid);
  return [...new Map(others.map((one) => [one.spec.processReference?.pid, leftAlone(one)])).values()];
}

function leftAlone({ spec, status = {} }: Abnormal): string {
  const { phase = 'not looked at yet', reason = phase, diagnosis, recovery } = status;
  const acted = (recovery?.attempts ?? []).length > 0;
  const what = diagnosis?.title ?? `${spec.fault} of process ${spec.processReference?.pid}`;
  return `${what} (${acted ? 'acted on' : `left alone: ${recovery?.grant?.reason ?? reason}`})`;
}
