import { badRequest } from '../api/status-error.ts';

/** Whether a set of labels is selected. */
export type LabelPredicate = (labels: Record<string, string>) => boolean;

const maximumRequirements = 100;
const keyPattern = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const valuePattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * Parses a label selector in Kubernetes' whole syntax: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, `a>1`,
 * `a<1`, joined by commas (k8s.io/apimachinery/pkg/labels).
 * @returns undefined for an empty selector. @throws StatusError 400 with the place of the fault.
 */
export function parseLabelSelector(text: string): LabelPredicate | undefined {
  const requirements = split(text).map(parseRequirement);
  if (requirements.length === 0) return undefined;
  if (requirements.length > maximumRequirements) throw badRequest(`a label selector has at most ${maximumRequirements} requirements`);
  return (labels) => requirements.every((holds) => holds(labels));
}

/** Splits at commas that are outside parentheses. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at];
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (at === text.length || (character === ',' && depth === 0)) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  if (depth !== 0) throw badRequest(`unable to parse requirement: unbalanced parentheses in ${JSON.stringify(text)}`);
  return parts.length === 1 && parts[0] === '' ? [] : parts;
}

function parseRequirement(text: string): LabelPredicate {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set)
    return membership(
      checkKey(set[1]!),
      set[2] === 'in',
      set[3]!.split(',').map((value) => checkValue(value.trim())),
    );
  const comparison = /^([^=!<>\s]+)\s*(==|=|!=|>|<)\s*([^=!<>\s]*)$/.exec(text);
  if (comparison) return compare(checkKey(comparison[1]!), comparison[2]!, comparison[3]!);
  const existence = /^(!?)\s*([^=!<>\s]+)$/.exec(text);
  if (existence) {
    const key = checkKey(existence[2]!);
    return existence[1] === '!' ? (labels) => !Object.hasOwn(labels, key) : (labels) => Object.hasOwn(labels, key);
  }
  throw badRequest(`unable to parse requirement: ${JSON.stringify(text)} is no label selector requirement`);
}

function membership(key: string, wanted: boolean, values: string[]): LabelPredicate {
  const set = new Set(values);
  return (labels) => (Object.hasOwn(labels, key) && set.has(labels[key]!)) === wanted;
}

function compare(key: string, operator: string, value: string): LabelPredicate {
  if (operator === '=' || operator === '==') return membership(key, true, [checkValue(value)]);
  if (operator === '!=') return membership(key, false, [checkValue(value)]);
  if (!/^-?\d{1,18}$/.test(value))
    throw badRequest(
      `unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  const bound = BigInt(value);
  return (labels) => {
    const own = Object.hasOwn(labels, key) ? labels[key]! : '';
    return /^-?\d{1,18}$/.test(own) && (operator === '>' ? BigInt(own) > bound : BigInt(own) < bound);
  };
}

function checkKey(key: string): string {
  if (!keyPattern.test(key))
    throw badRequest(`unable to parse requirement: key: Invalid value: ${JSON.stringify(key)}: must be a qualified name`);
  return key;
}

function checkValue(value: string): string {
  if (!valuePattern.test(value))
    throw badRequest(`unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(value)}: must be a valid label value`);
  return value;
}
