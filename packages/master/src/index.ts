export { type Master, createMaster } from './master.ts';
export { DEFAULT_OPTIONS, type MasterOptions } from './options.ts';
export { GATES } from './recovery-gate/gates.ts';
export { type Gate, type GateAnswer, type GateInput } from './recovery-gate/gate.ts';
export { type Decision, decide } from './recovery-gate/decision.ts';
export { type LedgerEntry, entriesOf } from './recovery-gate/ledger.ts';
