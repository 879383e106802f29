import { badRequest } from '../api/status-error.ts';

/** One requirement on a field: equal to, or different from, a value. */
export interface FieldRequirement {
  field: string;
  value: string;
  equal: boolean;
}

const maximumRequirements = 20;

/**
 * Parses a field selector: `a=b`, `a==b`, `a!=b`, joined by commas; `\,`, `\=` and `\\` stand for the characters themselves
 * (k8s.io/apimachinery/pkg/fields).
 * @param known the fields that the resource can be selected by. @throws StatusError 400 for anything else.
 */
export function parseFieldSelector(text: string, known: ReadonlySet<string>): FieldRequirement[] {
  const parts: string[] = text.match(/(?:\\.|[^,\\])+/gs) ?? [];
  if (parts.length > maximumRequirements) throw badRequest(`a field selector has at most ${maximumRequirements} requirements`);
  return parts.map((part) => {
    const match = /^([^=!]+?)(==|=|!=)(.*)$/s.exec(part);
    if (match === null) throw badRequest(`invalid field selector: ${JSON.stringify(part)}; can't understand it`);
    const field = match[1]!.trim();
    if (!known.has(field)) throw badRequest(`field label not supported: ${field}`);
    return { field, value: match[3]!.replace(/\\([\\,=])/g, '$1'), equal: match[2] !== '!=' };
  });
}
