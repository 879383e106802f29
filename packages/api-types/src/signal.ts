import { RE2JS } from 're2js';
import type { AbnormalSourceSpec } from './kinds/abnormal-source.ts';
import { compileCondition } from './match.ts';

/** What a source heard, as flat fields that matchers and templates name. */
export type Signal = Readonly<Record<string, string>>;

/**
 * Compiles the matchers and the expression of a source; all must hold. Patterns are RE2 and must match the whole value; a field that the
 * signal lacks is the empty text.
 * @throws KdrError KDR_CEL_INVALID, or RE2JS' error for a pattern that does not compile.
 */
export function compileSignalMatch(spec: Pick<AbnormalSourceSpec, 'matchers' | 'expression'>): (signal: Signal) => boolean {
  const tests = (spec.matchers ?? []).map(({ label, equals, matches }) => {
    if (matches === undefined) return (signal: Signal) => (signal[label] ?? '') === equals;
    const pattern = RE2JS.compile(matches);
    return (signal: Signal) => pattern.matches(signal[label] ?? '');
  });
  const condition = spec.expression === undefined ? undefined : compileCondition(spec.expression, ['signal']);
  return (signal) => tests.every((test) => test(signal)) && (condition === undefined || condition({ signal }));
}

/** Fills `{{ labels.x }}` of a template with the fields of a signal; an unknown field is the empty text. No code is run. */
export function renderTemplate(template: string, signal: Signal): string {
  return template.replace(/\{\{\s*labels\.([A-Za-z0-9_.-]{1,128})\s*\}\}/g, (_, name: string) =>
    Object.hasOwn(signal, name) ? (signal[name] ?? '') : '',
  );
}
