import { API_VERSION, type RecoveryApproval } from '@kdr/api-types';
import { expect, it } from 'vitest';
import { approvalFor } from './gate-controller.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const word = (decision: 'Approve' | 'Deny', at: string, proposalId = 'p'): RecoveryApproval => ({
  apiVersion: API_VERSION,
  kind: 'RecoveryApproval',
  metadata: { name: `${decision}-${at}`, creationTimestamp: `2026-01-01T${at}Z` },
  spec: { abnormal: 'a', proposalId, decision, approver: 'me' },
});
const decided = (...words: RecoveryApproval[]) => approvalFor(words, 'p', 3_600_000, NOW)?.spec.decision;

it('takes the newest word', () => {
  expect(decided(word('Approve', '11:30:00'), word('Deny', '11:30:01'))).toBe('Deny');
  expect(decided(word('Deny', '11:30:00'), word('Approve', '11:30:01'))).toBe('Approve');
});

it('takes a no where a yes and a no are of the same second, whichever the cache has first', () => {
  const [yes, no] = [word('Approve', '11:30:00'), word('Deny', '11:30:00')];
  expect([decided(yes, no), decided(no, yes)]).toEqual(['Deny', 'Deny']);
});

it('takes no word about another proposal, and none that is too old', () => {
  expect(decided(word('Approve', '11:30:00', 'another'), word('Approve', '10:30:00'))).toBeUndefined();
});
