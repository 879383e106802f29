import {
  type Abnormal,
  type AbnormalSource,
  GROUP,
  type RecoveryApproval,
  type RecoveryHold,
  type RecoveryPolicy,
  type Registration,
} from '@kdr/api-types';
import { abnormalProblems } from './abnormal-problems.ts';
import type { AdmissionRequest, Verdict } from './admission-review.ts';
import type { AdmissionWorld } from './admission-world.ts';
import { approvalProblems } from './approval-problems.ts';
import { holdProblems } from './hold-problems.ts';
import { policyProblems } from './policy-problems.ts';
import type { Problem } from './problem.ts';
import { registrationProblems } from './registration-problems.ts';
import { sourceProblems } from './source-problems.ts';

type Validator = (object: never, request: AdmissionRequest, world: AdmissionWorld) => Problem[] | Promise<Problem[]>;

const registration: Validator = (object: Registration, _, world) => registrationProblems(object, world.settings.socketDirectories);

/** One row per kind that has anything to say beyond its CRD. What a request is made of once and for all is asked at its creation alone. */
const VALIDATORS: Readonly<Record<string, { operations: readonly string[]; problems: Validator }>> = {
  Abnormal: { operations: ['CREATE'], problems: (object: Abnormal, { userInfo }, world) => abnormalProblems(object, userInfo, world) },
  InformationCollector: { operations: ['CREATE', 'UPDATE'], problems: registration },
  Diagnoser: { operations: ['CREATE', 'UPDATE'], problems: registration },
  Recoverer: { operations: ['CREATE', 'UPDATE'], problems: registration },
  AbnormalSource: { operations: ['CREATE', 'UPDATE'], problems: (object: AbnormalSource) => sourceProblems(object) },
  RecoveryPolicy: { operations: ['CREATE', 'UPDATE'], problems: (object: RecoveryPolicy) => policyProblems(object) },
  RecoveryHold: { operations: ['CREATE', 'UPDATE'], problems: (object: RecoveryHold, _, world) => holdProblems(object, world.now()) },
  RecoveryApproval: {
    operations: ['CREATE'],
    problems: (object: RecoveryApproval, { userInfo, namespace }, world) =>
      approvalProblems({ ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace } }, userInfo, world),
  },
};

/** An answer is read by a person: the first few problems are enough. */
const SHOWN = 8;

/** Judges one request. What can't be judged now is refused: the API server's failurePolicy would do the same. */
export async function validate(request: AdmissionRequest, world: AdmissionWorld): Promise<Verdict> {
  const { kind, operation, subResource, object } = request;
  const validator = kind.group === GROUP ? VALIDATORS[kind.kind] : undefined;
  const concerns = validator?.operations.includes(operation) === true && !subResource && object !== undefined;
  if (validator === undefined || !concerns) return { allowed: true, warnings: [] };
  try {
    const problems = await validator.problems(object as never, request, world);
    if (problems.length > 0) return refusal(problems);
    return { allowed: true, warnings: kind.kind === 'AbnormalSource' ? await unknownPlugins(object as AbnormalSource, world) : [] };
  } catch (error) {
    const message = `KDR could not check this ${kind.kind}: ${(error as Error).message} Try again; \`kdr check\` says whether KDR is well.`;
    return { allowed: false, code: 503, reason: 'ServiceUnavailable', message };
  }
}

function refusal(problems: readonly Problem[]): Verdict {
  const shown = problems.slice(0, SHOWN).map(({ field, message }) => `${field}: ${message}`);
  const more = problems.length > SHOWN ? [`and ${problems.length - SHOWN} more`] : [];
  const forbidden = problems.some((one) => one.kind === 'Forbidden');
  return {
    allowed: false,
    ...(forbidden ? { code: 403, reason: 'Forbidden' as const } : { code: 422, reason: 'Invalid' as const }),
    message: [...shown, ...more].join('; '),
  };
}

/** A source may come before the plugins that it names: that is worth a word, and no refusal. */
async function unknownPlugins({ spec }: AbnormalSource, world: AdmissionWorld): Promise<string[]> {
  const { diagnosers = [], recoverers = [] } = spec.template;
  const warn = async (kind: 'Diagnoser' | 'Recoverer', field: string, name: string) =>
    (await world.registered(kind, name)) ? [] : [`spec.template.${field}: there is no ${kind} "${name}" yet`];
  const warnings = await Promise.all([
    ...diagnosers.map((name, index) => warn('Diagnoser', `diagnosers[${index}]`, name)),
    ...recoverers.map((name, index) => warn('Recoverer', `recoverers[${index}]`, name)),
  ]);
  return warnings.flat();
}
