import { type Abnormal, type ErrorCode, ERROR_CODES, REASONS, isReason, targetKey } from '@kdr/api-types';
import { table } from './output/table.ts';

/** An Event about the Abnormal, as far as the timeline shows it. */
export interface TimelineEvent {
  time: string;
  reason: string;
  message: string;
}

/** A moment: when, and what; either may be missing. */
type Moment = [string | undefined, string | undefined];

const clock = (time: string | undefined) => (time === undefined ? '' : new Date(time).toISOString().slice(11, 23));
const indent = (text: string, by = '  ') =>
  text
    .split('\n')
    .map((line) => `${by}${line}`)
    .join('\n');

/** Moments of an Abnormal in their order: those of its status, and the Events about it. */
export function timeline(abnormal: Abnormal, events: readonly TimelineEvent[]): [string, string][] {
  const { metadata, spec, status } = abnormal;
  const { recovery, diagnosis } = status ?? {};
  const moments: Moment[] = [
    [metadata.creationTimestamp, `created: ${spec.fault}, source ${spec.source}`],
    [status?.startTime, `taken by the agent of ${spec.nodeName}`],
    ...(status?.information ?? []).map((one): Moment => [
      one.finishedAt,
      `collector ${one.collector}: ${one.outcome}${one.summary ? `, ${one.summary}` : ''}${one.reason ? `, ${one.reason}` : ''}`,
    ]),
    ...(status?.diagnosisAttempts ?? []).map((one): Moment => [
      one.finishedAt,
      `diagnoser ${one.diagnoser}: ${one.outcome}: ${one.reason}`,
    ]),
    [diagnosis?.identifiedAt, diagnosis && `identified: ${diagnosis.cause}`],
    [
      recovery?.proposal?.proposedAt,
      recovery?.proposal &&
        `recoverer ${recovery.proposal.recoverer} proposes: ${recovery.proposal.plannedActions.map((one) => one.description).join('; ')}`,
    ],
    [recovery?.grant?.decidedAt, recovery?.grant && `gate: ${recovery.grant.decision} (${recovery.grant.reason})`],
    ...(recovery?.attempts ?? []).flatMap((one): Moment[] => [
      [one.intentAt, `intent ${one.id} written: ${one.expectedEffect ?? one.recoverer}`],
      [
        one.doneAt,
        `${one.outcome}${one.reason ? `: ${one.reason}` : ''}${one.actions?.length ? `: ${one.actions.map((action) => action.description).join('; ')}` : ''}`,
      ],
    ]),
    [
      recovery?.verification?.checkedAt,
      recovery?.verification &&
        `verification: ${recovery.verification.result ?? 'soaking'}${recovery.verification.message ? `: ${recovery.verification.message}` : ''}`,
    ],
    [status?.completionTime, `${status?.phase}${status?.reason ? ` (${status.reason})` : ''}`],
    ...events.map((one): Moment => [one.time, `Event ${one.reason}: ${one.message}`]),
  ];
  return moments
    .filter((one): one is [string, string] => one[0] !== undefined && one[1] !== undefined && one[1] !== '')
    .sort(([a], [b]) => Date.parse(a) - Date.parse(b));
}

function nextStep(abnormal: Abnormal): string | undefined {
  const { metadata, status } = abnormal;
  const grant = status?.recovery?.grant;
  if (status?.phase === 'Recovering' && grant !== undefined && grant.decision !== 'Granted') {
    const why = grant.trace.find((one) => one.reason === grant.reason)?.message;
    return `It waits (${grant.reason})${why ? `: ${why}` : ''}. Yes: kdr approve ${metadata.name} -n ${metadata.namespace}   No: kdr deny ${metadata.name} -n ${metadata.namespace}`;
  }
  const { reason } = status ?? {};
  if (reason !== undefined && isReason(reason)) return REASONS[reason];
  return reason !== undefined && Object.hasOwn(ERROR_CODES, reason) ? ERROR_CODES[reason as ErrorCode] : undefined;
}

/** Everything that a person at 3 a.m. asks: what it is, what proves it, what was decided and why, what was done, what to do next. */
export function explanation(abnormal: Abnormal, events: readonly TimelineEvent[]): string {
  const { metadata, spec, status } = abnormal;
  const { diagnosis, recovery } = status ?? {};
  const sections: [string, string | undefined][] = [
    [
      '',
      `${metadata.namespace}/${metadata.name}   ${spec.fault} on ${spec.nodeName || '(no node yet)'}   ${status?.phase ?? 'Created'}${status?.reason ? ` (${status.reason})` : ''}${status?.message ? `\n${status.message}` : ''}`,
    ],
    [
      'TIMELINE (UTC)',
      timeline(abnormal, events)
        .map(([time, text]) => `${clock(time)}  ${text}`)
        .join('\n'),
    ],
    [
      'DIAGNOSIS',
      diagnosis &&
        [
          `${diagnosis.cause}: ${diagnosis.title}`,
          `diagnoser ${diagnosis.diagnoser}, confidence ${diagnosis.confidence}, severity ${diagnosis.severity}, target ${targetKey(diagnosis.target) ?? diagnosis.target.kind}`,
          'evidence:',
          ...diagnosis.evidence.map((one) => `  * ${one.title}${one.detail ? `\n${indent(one.detail, '      ')}` : ''}`),
          ...(diagnosis.artifacts ?? []).map((one) => `  artifact ${one.name} (${one.mediaType}, ${one.size} bytes) sha256 ${one.sha256}`),
          ...(diagnosis.recommendation ?? []).map((one) => `recommended: ${one.action}`),
        ].join('\n'),
    ],
    [
      'SAID NO',
      (status?.diagnosisAttempts ?? [])
        .filter((one) => one.outcome !== 'Identified')
        .map((one) => `${one.diagnoser}: ${one.outcome}: ${one.reason}`)
        .join('\n'),
    ],
    ['RECOVERERS PASSED OVER', (recovery?.passedOver ?? []).map((one) => `${one.recoverer}: ${one.outcome}: ${one.reason}`).join('\n')],
    [
      'PLAN',
      recovery?.proposal?.plannedActions
        .map(
          (one) =>
            `${one.action}: ${one.description}${one.expectedEffect ? ` -> ${one.expectedEffect}` : ''}${one.requires?.length ? ` (needs permit ${one.requires.join(', ')})` : ''}`,
        )
        .join('\n'),
    ],
    [
      `GATES${recovery?.grant ? `: ${recovery.grant.decision} (${recovery.grant.reason})${recovery.grant.policy ? `, policy ${recovery.grant.policy}` : ''}${recovery.grant.approvedBy ? `, approved by ${recovery.grant.approvedBy}` : ''}` : ''}`,
      recovery?.grant &&
        table(
          ['GATE', 'VERDICT', 'REASON', 'WHY'],
          recovery.grant.trace.map((one) => [one.gate, one.verdict, one.reason, one.message ?? '']),
        ),
    ],
    [
      'ATTEMPTS',
      (recovery?.attempts ?? [])
        .map(
          (one) =>
            `${one.id} ${one.recoverer}: ${one.outcome ?? 'open'}${one.verified === undefined ? '' : one.verified ? ', verified' : ', not verified'}${one.reason ? `: ${one.reason}` : ''}`,
        )
        .join('\n'),
    ],
    ['WHAT NOW', nextStep(abnormal)],
  ];
  return sections
    .filter((one): one is [string, string] => one[1] !== undefined && one[1] !== '')
    .map(([title, body]) => (title === '' ? body : `${title}\n${indent(body)}`))
    .join('\n\n');
}
