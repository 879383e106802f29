import type { AbnormalSource } from '@kdr/api-types';
import { compileCondition } from '@kdr/api-types/match';
import { compileSignalMatch } from '@kdr/api-types/signal';
import { type Problem, parametersProblems, problemOf } from './problem.ts';

/** Five fields of numbers, names, lists, ranges and steps. */
const CRON = /^(?:[0-9A-Za-z*?,/-]+ +){4}[0-9A-Za-z*?,/#L-]+$/;
/** What templates may hold: text, and placeholders of this form. */
const PLACEHOLDER = /\{\{\s*labels\.[A-Za-z0-9_.-]{1,128}\s*\}\}/g;

/** What a CRD's rules can't say about an AbnormalSource: that its patterns are RE2, its condition CEL, its placeholders known. */
export function sourceProblems({ spec }: Pick<AbnormalSource, 'spec'>): Problem[] {
  const { expression, schedule, template } = spec;
  return [
    ...(spec.matchers ?? []).flatMap((matcher, index) =>
      matcher.matches === undefined
        ? []
        : problemOf(`spec.matchers[${index}].matches`, () => compileSignalMatch({ matchers: [matcher] })).map((one) => ({
            ...one,
            message: `${JSON.stringify(matcher.matches)} is no RE2 pattern: ${one.message}`,
          })),
    ),
    ...(expression === undefined ? [] : problemOf('spec.expression', () => compileCondition(expression, ['signal']))),
    ...(schedule === undefined || CRON.test(schedule.cron.trim())
      ? []
      : [{ field: 'spec.schedule.cron', message: `${JSON.stringify(schedule.cron)} is not five fields` }]),
    ...(schedule?.timeZone === undefined
      ? []
      : problemOf('spec.schedule.timeZone', () => new Intl.DateTimeFormat('en', { timeZone: schedule.timeZone }))),
    ...(['nodeName', 'podNamespace', 'podName'] as const).flatMap((name) => placeholderProblems(`spec.template.${name}`, template[name])),
    ...Object.entries(template.parameters ?? {}).flatMap(([name, value]) =>
      placeholderProblems(`spec.template.parameters.${name}`, typeof value === 'string' ? value : undefined),
    ),
    ...parametersProblems('spec.template.parameters', template.parameters),
  ];
}

function placeholderProblems(field: string, text = ''): Problem[] {
  return text.replace(PLACEHOLDER, '').includes('{{') ? [{ field, message: 'only {{ labels.NAME }} is filled in' }] : [];
}
