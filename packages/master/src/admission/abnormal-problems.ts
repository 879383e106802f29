import type { Abnormal, ReadyPlugin } from '@kdr/api-types';
import type { Requester } from '@kdr/controller-runtime';
import type { AdmissionWorld } from './admission-world.ts';
import { type Problem, parametersProblems } from './problem.ts';
import { describeAccess, requiredAccess } from './target-access.ts';

/** What a CRD's rules can't say about a new Abnormal: that what it names exists, and that its creator may touch its targets. */
export async function abnormalProblems({ spec }: Pick<Abnormal, 'spec'>, user: Requester, world: AdmissionWorld): Promise<Problem[]> {
  const named: [ReadyPlugin['kind'], string, string][] = [
    ...(spec.informationCollectors ?? []).map(({ name }, index): [ReadyPlugin['kind'], string, string] => [
      'InformationCollector',
      `spec.informationCollectors[${index}].name`,
      name,
    ]),
    ...(spec.diagnosers ?? []).map((name, index): [ReadyPlugin['kind'], string, string] => [
      'Diagnoser',
      `spec.diagnosers[${index}]`,
      name,
    ]),
    ...(spec.recoverers ?? []).map((name, index): [ReadyPlugin['kind'], string, string] => [
      'Recoverer',
      `spec.recoverers[${index}]`,
      name,
    ]),
  ];
  const unknown = named.map(async ([kind, field, name]): Promise<Problem[]> =>
    (await world.registered(kind, name)) ? [] : [{ field, message: `there is no ${kind} "${name}": \`kdr plugins\` lists them` }],
  );
  const rights = world.settings.trustedUsers.includes(user.username ?? '')
    ? []
    : requiredAccess(spec).map(async ({ field, access }): Promise<Problem[]> => {
        const { allowed, reason } = await world.access(user, access);
        if (allowed) return [];
        const message = `user "${user.username}" may not ${describeAccess(access)}, and so may not make KDR look at it${reason && `: ${reason}`}`;
        return [{ field, message, kind: 'Forbidden' }];
      });
  return [...parametersProblems('spec.parameters', spec.parameters), ...(await Promise.all([...unknown, ...rights])).flat()];
}
