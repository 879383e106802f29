import { describe, expect, it } from 'vitest';
import { compileCondition, compileMatch, compilePolicyMatch, globMatches } from './match.ts';

const abnormal = {
  metadata: { name: 'a', labels: { team: 'x' } },
  spec: { source: 'Custom' as const, fault: 'UnreapedChildren', processReference: { pid: 42 } },
};

describe('globs', () => {
  it.each([
    ['*', 'anything', true],
    ['Pod*', 'PodStuckTerminating', true],
    ['Pod*ing', 'PodStuckTerminating', true],
    ['Pod?', 'Pods', true],
    ['Pod?', 'Pod', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b', 'xxaxxbxx', false],
    ['', '', true],
    ['', 'x', false],
  ])('%s against %s is %s', (glob, text, expected) => expect(globMatches(glob, text)).toBe(expected));

  it('does not hang on a hostile glob', () => expect(globMatches(`${'*a'.repeat(60)}b`, 'a'.repeat(5000))).toBe(false));
});

describe('conditions in CEL', () => {
  it('refuse at once what does not compile, naming the expression', () => {
    expect(() => compileCondition('spec.fault ==', ['spec'])).toThrow(/"spec.fault =="/);
    expect(() => compileCondition('other.fault == "x"', ['spec'])).toThrow(/other/);
  });

  it('refuse what gives no truth value', () => {
    expect(() => compileCondition('spec.fault', ['spec'])({ spec: { fault: 'x' } })).toThrow(/gave string/);
  });

  it('say that a missing field is an error, so that has() is wanted', () => {
    expect(() => compileCondition('spec.none == 1', ['spec'])({ spec: {} })).toThrow(/none/);
    expect(compileCondition('has(spec.none)', ['spec'])({ spec: {} })).toBe(false);
  });

  it('match patterns by RE2: a catastrophic one ends', () => {
    expect(compileCondition("spec.t.matches('^(a+)+$')", ['spec'])({ spec: { t: `${'a'.repeat(60)}!` } })).toBe(false);
    expect(compileCondition("spec.t.matches('b') && spec.u.matches('^c')", ['spec'])({ spec: { t: 'abc', u: 'cd' } })).toBe(true);
    expect(() => compileCondition("spec.t.matches('(?=a)')", ['spec'])({ spec: { t: 'a' } })).toThrow();
  });
});

describe('a registration’s match', () => {
  it('takes everything when empty', () => expect(compileMatch(undefined)(abnormal)).toBe(true));
  it('wants every given part to hold', () => {
    expect(compileMatch({ faults: ['Unreaped*'], sources: ['Custom'] })(abnormal)).toBe(true);
    expect(compileMatch({ faults: ['Unreaped*'], sources: ['NodeLog'] })(abnormal)).toBe(false);
    expect(compileMatch({ expression: "has(abnormal.spec.processReference) && abnormal.metadata.labels.team == 'x'" })(abnormal)).toBe(
      true,
    );
    expect(compileMatch({ expression: 'has(abnormal.spec.podReference)' })(abnormal)).toBe(false);
  });
});

describe('a policy’s match', () => {
  const subject = { namespace: 'default', node: 'n1', spec: abnormal.spec };
  const diagnosed = { cause: 'DoesNotReap', target: { kind: 'Process' as const, process: { bootId: 'b', pid: 42, startTicks: '7' } } };

  it('leaves causes and target out while a diagnosis is still to come', () => {
    const match = compilePolicyMatch({ causes: ['Other'], targetExpression: 'target.process.pid == 1' });
    expect(match(subject)).toBe(true);
    expect(match({ ...subject, diagnosed })).toBe(false);
  });

  it('can name the very process that may be acted on', () => {
    const match = compilePolicyMatch({ targetExpression: "target.process.pid == 42 && target.process.startTicks == '7'" });
    expect(match({ ...subject, diagnosed })).toBe(true);
    expect(
      match({ ...subject, diagnosed: { ...diagnosed, target: { kind: 'Process', process: { bootId: 'b', pid: 42, startTicks: '8' } } } }),
    ).toBe(false);
  });
});
