import { type Abnormal, type ErrorCode, ERROR_CODES, REASONS, isReason, targetKey } from '@kdr/api-types';
import { indent, phrase } from './output/phrase.ts';
import { table } from './output/table.ts';
import { type TimelineEvent, timeline } from './timeline.ts';

type Status = NonNullable<Abnormal['status']>;
type Recovery = NonNullable<Status['recovery']>;
/** A heading, and what stands under it; left out where that is empty. */
type Section = [string, string | undefined];

const lines = <T>(list: readonly T[] | undefined, line: (one: T) => string) => (list ?? []).map(line).join('\n');

function head({ metadata, spec, status = {} }: Abnormal): string {
  const place = `${metadata.namespace}/${metadata.name}   ${spec.fault} on ${spec.nodeName || '(no node yet)'}`;
  return `${place}   ${status.phase ?? 'Created'}${phrase(' (', status.reason, ')')}${phrase('\n', status.message)}`;
}

function diagnosisText(diagnosis: Status['diagnosis']): string | undefined {
  if (diagnosis === undefined) return undefined;
  const { cause, title, diagnoser, confidence, severity, target, evidence, artifacts, recommendation } = diagnosis;
  return [
    `${cause}: ${title}`,
    `diagnoser ${diagnoser}, confidence ${confidence}, severity ${severity}, target ${targetKey(target) ?? target.kind}`,
    'evidence:',
    ...evidence.map((one) => `  * ${one.title}${one.detail === undefined ? '' : `\n${indent(one.detail, '      ')}`}`),
    ...(artifacts ?? []).map((one) => `  artifact ${one.name} (${one.mediaType}, ${one.size} bytes) sha256 ${one.sha256}`),
    ...(recommendation ?? []).map((one) => `recommended: ${one.action}`),
  ].join('\n');
}

function gates({ grant }: Recovery): Section {
  if (grant === undefined) return ['GATES', undefined];
  const title = `GATES: ${grant.decision} (${grant.reason})${phrase(', policy ', grant.policy)}${phrase(', approved by ', grant.approvedBy)}`;
  const rows = grant.trace.map((one) => [one.gate, one.verdict, one.reason, one.message ?? '']);
  return [title, table(['GATE', 'VERDICT', 'REASON', 'WHY'], rows)];
}

function repair(recovery: Recovery): Section[] {
  const verified = { true: ', verified', false: ', not verified', undefined: '' };
  return [
    ['RECOVERERS PASSED OVER', lines(recovery.passedOver, (one) => `${one.recoverer}: ${one.outcome}: ${one.reason}`)],
    [
      'PLAN',
      lines(
        recovery.proposal?.plannedActions,
        (one) =>
          `${one.action}: ${one.description}${phrase(' -> ', one.expectedEffect)}${phrase(' (needs permit ', one.requires?.join(', '), ')')}`,
      ),
    ],
    gates(recovery),
    [
      'ATTEMPTS',
      lines(
        recovery.attempts,
        (one) => `${one.id} ${one.recoverer}: ${one.outcome ?? 'open'}${verified[`${one.verified}`]}${phrase(': ', one.reason)}`,
      ),
    ],
  ];
}

function nextStep({ metadata, status }: Abnormal): string | undefined {
  const grant = status?.recovery?.grant;
  if (status?.phase === 'Recovering' && grant !== undefined && grant.decision !== 'Granted') {
    const why = grant.trace.find((one) => one.reason === grant.reason)?.message;
    const at = `${metadata.name} -n ${metadata.namespace}`;
    return `It waits (${grant.reason})${phrase(': ', why)}. Yes: kdr approve ${at}   No: kdr deny ${at}`;
  }
  const reason = status?.reason ?? '';
  if (isReason(reason)) return REASONS[reason];
  return Object.hasOwn(ERROR_CODES, reason) ? ERROR_CODES[reason as ErrorCode] : undefined;
}

/** Everything that a person at 3 a.m. asks: what it is, what proves it, what was decided and why, what was done, what to do next. */
export function explanation(abnormal: Abnormal, events: readonly TimelineEvent[]): string {
  const { status = {} } = abnormal;
  const refused = status.diagnosisAttempts?.filter((one) => one.outcome !== 'Identified');
  const sections: Section[] = [
    ['', head(abnormal)],
    ['TIMELINE (UTC)', lines(timeline(abnormal, events), ([time, text]) => `${new Date(time).toISOString().slice(11, 23)}  ${text}`)],
    ['DIAGNOSIS', diagnosisText(status.diagnosis)],
    ['SAID NO', lines(refused, (one) => `${one.diagnoser}: ${one.outcome}: ${one.reason}`)],
    ...repair(status.recovery ?? {}),
    ['WHAT NOW', nextStep(abnormal)],
  ];
  return sections
    .filter((one): one is [string, string] => one[1] !== undefined && one[1] !== '')
    .map(([title, body]) => (title === '' ? body : `${title}\n${indent(body)}`))
    .join('\n\n');
}
