import { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { KdrError } from './errors.ts';
import type { Abnormal } from './kinds/abnormal.ts';
import type { Match } from './kinds/registration.ts';
import type { AbnormalSpec } from './kinds/abnormal-spec.ts';
import type { PolicyMatch, RecoveryMode, RecoveryPolicy } from './kinds/recovery-policy.ts';
import type { TargetIdentity } from './identity.ts';

/** Whether a text matches a glob of `*` and `?`: linear in the text for each `*`, and no regular expression. */
export function globMatches(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (g < glob.length && (glob[g] === '?' || glob[g] === text[t]) && glob[g] !== '*') {
      g++;
      t++;
    } else if (glob[g] === '*') {
      star = g++;
      mark = t;
    } else if (star >= 0) {
      g = star + 1;
      t = ++mark;
    } else return false;
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}

function anyGlob(globs: readonly string[] | undefined, text: string): boolean {
  return globs === undefined || globs.length === 0 || globs.some((glob) => globMatches(glob, text));
}

/**
 * A CEL environment that knows the given names and nothing else. cel-js' own `matches` is V8's regular expression engine, which foreign
 * patterns may hang; it can't be overridden, so `useRe2` renames the calls.
 */
function environment(names: readonly string[]): Environment {
  const env = new Environment({ unlistedVariablesAreDyn: false, limits: { maxAstNodes: 2000, maxDepth: 100 } });
  for (const name of names) env.registerVariable(name, 'dyn');
  env.registerFunction('string.re2Matches(string): bool', (text: string, pattern: string) => RE2JS.compile(pattern).matcher(text).find());
  return env;
}

function useRe2(expression: string, env: Environment): string {
  const spots: number[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (!(node instanceof Object) || !('op' in node) || !('args' in node)) return;
    const { op, args } = node as { op: string; args: unknown };
    if (op === 'rcall' && Array.isArray(args) && args[0] === 'matches') {
      spots.push(expression.indexOf('matches', (args[1] as { range: { end: number } }).range.end));
    }
    visit(args);
  };
  visit(env.parse(expression).ast);
  return spots.sort((a, b) => b - a).reduce((text, at) => `${text.slice(0, at)}re2Matches${text.slice(at + 'matches'.length)}`, expression);
}

/** A condition that a user wrote, ready to be asked. */
export type Condition = (values: Record<string, unknown>) => boolean;

/**
 * Compiles a condition written in CEL over the given names. Integers of JSON are CEL doubles or ints as cel-js sees them.
 * @throws KdrError KDR_CEL_INVALID where it does not compile, and later where it does not evaluate to true or false.
 */
export function compileCondition(expression: string, names: readonly string[]): Condition {
  const invalid = (why: string, cause?: unknown) => new KdrError('KDR_CEL_INVALID', `"${expression}": ${why}`, { cause });
  let program: (values: Record<string, unknown>) => unknown;
  try {
    const env = environment(names);
    const parsed = env.parse(useRe2(expression, env));
    const checked = parsed.check();
    if (!checked.valid) throw checked.error;
    program = parsed;
  } catch (cause) {
    throw invalid((cause as Error).message, cause);
  }
  return (values) => {
    let result: unknown;
    try {
      result = program(values);
    } catch (cause) {
      throw invalid((cause as Error).message, cause);
    }
    if (typeof result !== 'boolean') throw invalid(`gave ${typeof result}, not true or false`);
    return result;
  };
}

/**
 * Compiles a registration's match. No match, or an empty one, takes every Abnormal.
 * @throws KdrError KDR_CEL_INVALID, at once for an expression that does not compile.
 */
export function compileMatch(match: Match | undefined): (abnormal: Pick<Abnormal, 'metadata' | 'spec'>) => boolean {
  const condition = match?.expression === undefined ? undefined : compileCondition(match.expression, ['abnormal']);
  return (abnormal) =>
    (match?.sources === undefined || match.sources.length === 0 || match.sources.includes(abnormal.spec.source)) &&
    anyGlob(match?.faults, abnormal.spec.fault) &&
    (condition === undefined || condition({ abnormal: { metadata: abnormal.metadata, spec: abnormal.spec } }));
}

/** What a policy is matched against. Without `diagnosed` the causes and the condition on the target are left out (a diagnosis is still to come). */
export interface PolicySubject {
  namespace: string;
  node: string;
  spec: AbnormalSpec;
  diagnosed?: { cause: string; target: TargetIdentity };
}

/**
 * Compiles a policy's match. No match takes everything.
 * @throws KdrError KDR_CEL_INVALID, at once for an expression that does not compile.
 */
export function compilePolicyMatch(match: PolicyMatch | undefined): (subject: PolicySubject) => boolean {
  const onSpec = match?.expression === undefined ? undefined : compileCondition(match.expression, ['spec']);
  const onTarget = match?.targetExpression === undefined ? undefined : compileCondition(match.targetExpression, ['target']);
  return ({ namespace, node, spec, diagnosed }) =>
    anyGlob(match?.namespaces, namespace) &&
    anyGlob(match?.nodes, node) &&
    anyGlob(match?.faults, spec.fault) &&
    (onSpec === undefined || onSpec({ spec })) &&
    (diagnosed === undefined ||
      (anyGlob(match?.causes, diagnosed.cause) && (onTarget === undefined || onTarget({ target: diagnosed.target }))));
}

/** What the policies say about one subject. */
export interface PolicyDecision {
  /** Name of the policy that decided the mode; undefined: none matches. */
  policy?: string;
  mode: RecoveryMode;
  intrusiveDiagnosis: 'Allow' | 'Deny';
  permits: readonly string[];
  grantSeconds: number;
  approvalSeconds: number;
  soakSeconds: number;
  coolDownSeconds: number;
  loopBreaker: { attempts: number; windowSeconds: number };
}

const STRICTEST_FIRST: readonly RecoveryMode[] = ['Observe', 'Approve', 'Auto'];

/** Compiles the policies once, for `selectPolicy`. One that does not compile matches everything with Observe: a rule that can't be read forbids. */
export function compilePolicies(policies: readonly RecoveryPolicy[]): CompiledPolicy[] {
  return policies.map((policy) => {
    try {
      return { policy, matches: compilePolicyMatch(policy.spec.match) };
    } catch {
      return { policy: { ...policy, spec: { mode: 'Observe', intrusiveDiagnosis: 'Deny' } }, matches: () => true };
    }
  });
}

export interface CompiledPolicy {
  policy: RecoveryPolicy;
  matches: (subject: PolicySubject) => boolean;
}

/**
 * The strictest matching policy wins; one with `fallback: true` counts only where no other matches. Where none matches: Observe, and
 * intrusive diagnosis is denied. Among equally strict ones the first by name decides the numbers. Intrusive diagnosis is allowed only if every matching policy allows it.
 * A condition that can't be evaluated counts as matching with Observe.
 */
export function selectPolicy(policies: readonly CompiledPolicy[], subject: PolicySubject): PolicyDecision {
  const matching = policies.flatMap(({ policy, matches }) => {
    try {
      return matches(subject) ? [policy] : [];
    } catch {
      return [{ ...policy, spec: { mode: 'Observe' as const, intrusiveDiagnosis: 'Deny' as const } }];
    }
  });
  const named = matching.filter((policy) => policy.spec.fallback !== true);
  const counted = (named.length > 0 ? named : matching).sort(
    (a, b) => STRICTEST_FIRST.indexOf(a.spec.mode) - STRICTEST_FIRST.indexOf(b.spec.mode) || a.metadata.name.localeCompare(b.metadata.name),
  );
  const spec: Partial<RecoveryPolicy['spec']> = counted[0]?.spec ?? {};
  return {
    policy: counted[0]?.metadata.name,
    mode: spec.mode ?? 'Observe',
    intrusiveDiagnosis: counted.length > 0 && counted.every((policy) => policy.spec.intrusiveDiagnosis === 'Allow') ? 'Allow' : 'Deny',
    permits:
      counted.length > 0 ? (spec.permits ?? []).filter((permit) => counted.every((policy) => policy.spec.permits?.includes(permit))) : [],
    grantSeconds: spec.grantSeconds ?? 60,
    approvalSeconds: spec.approvalSeconds ?? 86_400,
    soakSeconds: spec.soakSeconds ?? 10,
    coolDownSeconds: spec.coolDownSeconds ?? 600,
    loopBreaker: { attempts: spec.loopBreaker?.attempts ?? 3, windowSeconds: spec.loopBreaker?.windowSeconds ?? 3600 },
  };
}
