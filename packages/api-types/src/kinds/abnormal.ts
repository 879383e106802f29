import type { KdrObject, KindDefinition } from '../meta.ts';
import { nextPhases } from '../state-machine.ts';
import { AbnormalSpec } from './abnormal-spec.ts';
import { AbnormalStatus } from './abnormal-status.ts';

/** One fault, its state machine, its evidence, its repair (R15). */
export type Abnormal = KdrObject<AbnormalSpec, AbnormalStatus>;

const first = nextPhases(undefined)
  .map((phase) => `'${phase}'`)
  .join(', ');

export const ABNORMAL: KindDefinition<typeof AbnormalSpec, typeof AbnormalStatus> = {
  kind: 'Abnormal',
  plural: 'abnormals',
  shortNames: ['abn'],
  scope: 'Namespaced',
  description: 'One fault, its state machine, its evidence, its repair.',
  spec: AbnormalSpec,
  status: AbnormalStatus,
  rootRules: [
    {
      rule: `has(oldSelf.status) && has(oldSelf.status.phase) ? has(self.status) && has(self.status.phase) : !has(self.status) || !has(self.status.phase) || self.status.phase in [${first}]`,
      message: `phase starts as one of ${first} and is never removed`,
      fieldPath: '.status.phase',
    },
  ],
  selectableFields: ['.spec.nodeName', '.spec.fault', '.status.phase'],
  printerColumns: [
    { name: 'Node', type: 'string', jsonPath: '.spec.nodeName' },
    { name: 'Fault', type: 'string', jsonPath: '.spec.fault' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'Cause', type: 'string', jsonPath: '.status.diagnosis.cause' },
    { name: 'Reason', type: 'string', jsonPath: '.status.reason' },
    { name: 'Diagnoser', type: 'string', jsonPath: '.status.diagnosis.diagnoser', priority: 1 },
    { name: 'Recoverer', type: 'string', jsonPath: '.status.recovery.proposal.recoverer', priority: 1 },
    { name: 'Source', type: 'string', jsonPath: '.spec.source', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
};
