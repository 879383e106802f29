import type { Abnormal, RecoveryAttempt } from '@kdr/api-types';
import { phrase } from './output/phrase.ts';

type Status = NonNullable<Abnormal['status']>;

/** An Event about the Abnormal, as far as the timeline shows it. */
export interface TimelineEvent {
  time: string;
  reason: string;
  message: string;
}

/** A moment: when, and what; either may be missing. */
type Moment = [string | undefined, string | undefined];

const done = (actions: RecoveryAttempt['actions']) => actions?.map((action) => action.description).join('; ');

function lookingMoments({ information = [], diagnosisAttempts = [], diagnosis }: Status): Moment[] {
  return [
    ...information.map((one): Moment => [
      one.finishedAt,
      `collector ${one.collector}: ${one.outcome}${phrase(', ', one.summary)}${phrase(', ', one.reason)}`,
    ]),
    ...diagnosisAttempts.map((one): Moment => [one.finishedAt, `diagnoser ${one.diagnoser}: ${one.outcome}: ${one.reason}`]),
    [diagnosis?.identifiedAt, phrase('identified: ', diagnosis?.cause)],
  ];
}

function repairMoments({ proposal, grant, attempts = [], verification }: NonNullable<Status['recovery']>): Moment[] {
  const plan = proposal?.plannedActions.map((one) => one.description).join('; ');
  return [
    [proposal?.proposedAt, `recoverer ${proposal?.recoverer} proposes: ${plan}`],
    [grant?.decidedAt, `gate: ${grant?.decision} (${grant?.reason})`],
    ...attempts.flatMap((one): Moment[] => [
      [one.intentAt, `intent ${one.id} written: ${one.expectedEffect ?? one.recoverer}`],
      [one.doneAt, `${one.outcome}${phrase(': ', one.reason)}${phrase(': ', done(one.actions))}`],
    ]),
    [verification?.checkedAt, `verification: ${verification?.result ?? 'soaking'}${phrase(': ', verification?.message)}`],
  ];
}

/** Moments of an Abnormal in their order: those of its status, and the Events about it. */
export function timeline({ metadata, spec, status = {} }: Abnormal, events: readonly TimelineEvent[]): [string, string][] {
  const moments: Moment[] = [
    [metadata.creationTimestamp, `created: ${spec.fault}, source ${spec.source}`],
    [status.startTime, `taken by the agent of ${spec.nodeName}`],
    ...lookingMoments(status),
    ...repairMoments(status.recovery ?? {}),
    [status.completionTime, `${status.phase}${phrase(' (', status.reason, ')')}`],
    ...events.map((one): Moment => [one.time, `Event ${one.reason}: ${one.message}`]),
  ];
  return moments
    .filter((one): one is [string, string] => one[0] !== undefined && one[1] !== undefined && one[1] !== '')
    .sort(([a], [b]) => Date.parse(a) - Date.parse(b));
}
