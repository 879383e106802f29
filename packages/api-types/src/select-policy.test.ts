import { describe, expect, it } from 'vitest';
import type { RecoveryPolicy } from './kinds/recovery-policy.ts';
import { type PolicySubject, compilePolicies, selectPolicy } from './match.ts';

const policy = (name: string, spec: RecoveryPolicy['spec']): RecoveryPolicy => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'RecoveryPolicy',
  metadata: { name },
  spec,
});
const subject: PolicySubject = { namespace: 'default', node: 'n1', spec: { source: 'Custom', fault: 'X', processReference: { pid: 9 } } };
const select = (...policies: RecoveryPolicy[]) => selectPolicy(compilePolicies(policies), subject);

describe('selecting a policy', () => {
  it('observes where none matches, and denies intrusive diagnosis', () => {
    expect(select(policy('other', { mode: 'Auto', intrusiveDiagnosis: 'Allow', match: { faults: ['Y'] } }))).toMatchObject({
      policy: undefined,
      mode: 'Observe',
      intrusiveDiagnosis: 'Deny',
    });
  });

  it('takes the strictest of those that match', () => {
    expect(select(policy('a', { mode: 'Auto' }), policy('b', { mode: 'Approve', coolDownSeconds: 5 }))).toMatchObject({
      policy: 'b',
      mode: 'Approve',
      coolDownSeconds: 5,
    });
  });

  it('uses a fallback only where nothing else matches', () => {
    expect(select(policy('fb', { mode: 'Observe', fallback: true }), policy('x', { mode: 'Auto' }))).toMatchObject({
      policy: 'x',
      mode: 'Auto',
    });
    expect(select(policy('fb', { mode: 'Approve', fallback: true, intrusiveDiagnosis: 'Allow' }))).toMatchObject({
      policy: 'fb',
      intrusiveDiagnosis: 'Allow',
    });
  });

  it('allows intrusive diagnosis and permits only if every matching policy does', () => {
    const allow = { mode: 'Auto' as const, intrusiveDiagnosis: 'Allow' as const, permits: ['KillRunningContainer'] };
    expect(select(policy('a', allow), policy('b', { ...allow, permits: [] }))).toMatchObject({ intrusiveDiagnosis: 'Allow', permits: [] });
    expect(select(policy('a', allow), policy('b', { ...allow, intrusiveDiagnosis: 'Deny' }))).toMatchObject({ intrusiveDiagnosis: 'Deny' });
  });

  it('lets a policy that can’t be read forbid', () => {
    expect(select(policy('a', { mode: 'Auto' }), policy('broken', { mode: 'Auto', match: { expression: 'spec. ==' } }))).toMatchObject({
      policy: 'broken',
      mode: 'Observe',
    });
    expect(select(policy('a', { mode: 'Auto', match: { expression: 'spec.nothing == 1' } }))).toMatchObject({
      policy: 'a',
      mode: 'Observe',
      intrusiveDiagnosis: 'Deny',
    });
  });
});
