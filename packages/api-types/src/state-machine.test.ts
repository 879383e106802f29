import { describe, expect, it } from 'vitest';
import { CONDITION_TYPES, PHASES } from './phase.ts';
import { TRANSITIONS, isTerminal, nextPhases, phaseOf, transition } from './state-machine.ts';

describe('the state machine', () => {
  it('has exactly the steps of the design', () => {
    expect(TRANSITIONS.filter((row) => row.writer === 'agent').map((row) => `${row.from ?? '-'} > ${row.to}`)).toEqual([
      '- > InformationCollecting',
      'InformationCollecting > Diagnosing',
      'InformationCollecting > Failed',
      'Diagnosing > Recovering',
      'Diagnosing > Failed',
      'Recovering > Succeeded',
      'Recovering > Failed',
    ]);
  });

  it('lets nothing follow a terminal phase', () => {
    for (const phase of PHASES.filter(isTerminal)) expect(nextPhases(phase)).toEqual([]);
  });

  it('refuses a master’s success, a skipped stage and a reason of another stage', () => {
    expect(transition('Recovering', 'Succeeded', 'master')).toBeUndefined();
    expect(transition('InformationCollecting', 'Recovering', 'agent')).toBeUndefined();
    expect(transition(undefined, 'Diagnosing', 'agent')).toBeUndefined();
    expect(transition('Diagnosing', 'Failed', 'agent', 'CollectorAbsent')).toBeUndefined();
    expect(transition('Diagnosing', 'Failed', 'agent', 'NotIdentified')).toBeDefined();
  });
});

describe('phase from conditions', () => {
  it('agrees with the table: applying a step’s condition gives its phase', () => {
    for (const row of TRANSITIONS.filter((r) => r.condition !== undefined)) {
      const before = CONDITION_TYPES.filter((type) => type !== 'RecoveryGranted');
      const passed = before.slice(0, before.indexOf(row.condition!.type as never)).map((type) => ({ type, status: 'True' as const }));
      expect(phaseOf({ conditions: [...passed, row.condition!] }, true)).toBe(row.to);
    }
  });

  it('says nothing before the agent has taken it', () => {
    expect(phaseOf(undefined, false)).toBeUndefined();
    expect(phaseOf({}, true)).toBe('InformationCollecting');
  });
});
