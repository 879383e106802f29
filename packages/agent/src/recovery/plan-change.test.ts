import type { PlannedAction, Proposal } from '@kdr/api-types';
import { expect, it } from 'vitest';
import { planChange } from './plan-change.ts';

const action = (name: string, ...requires: string[]): PlannedAction => ({
  action: name,
  description: `does ${name}`,
  ...(requires.length > 0 && { requires }),
});
const granted = (...plannedActions: PlannedAction[]) => ({ plannedActions }) as unknown as Proposal;
const now = (...actions: PlannedAction[]) => ({ outcome: 'Planned' as const, actions });
const said = (proposal: Proposal, answer: Parameters<typeof planChange>[1]) => planChange(proposal, answer)?.outcome;

it('lets the same plan, and less, pass', () => {
  const proposal = granted(action('Term'), action('Kill', 'ForceKill'));
  expect(said(proposal, now(action('Term'), action('Kill', 'ForceKill')))).toBeUndefined();
  expect(said(proposal, now({ action: 'Kill', description: 'in other words' }))).toBeUndefined();
});

it('stops an action that was not planned, and one that needs a permit which nobody asked the gate for', () => {
  expect(said(granted(action('Term')), now(action('Term'), action('Kill', 'ForceKill')))).toBe('PlanChanged');
  expect(said(granted(action('Kill')), now(action('Kill', 'KillRunningContainer')))).toBe('PlanChanged');
  expect(planChange(granted(action('Kill')), now(action('Kill', 'KillRunningContainer')))?.reason).toContain('KillRunningContainer');
});

it('stops where there is no plan any more', () => {
  expect(planChange(granted(action('Term')), { outcome: 'NotApplicable', reason: 'it runs again' })).toEqual({
    outcome: 'NotApplicable',
    reason: 'it runs again',
  });
  expect(said(granted(action('Term')), { outcome: 'TargetGone' })).toBe('TargetGone');
});
