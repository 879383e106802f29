/** Times after which the master decides. All in milliseconds; the defaults are those of docs/architecture. */
export interface MasterOptions {
  /** An Abnormal that no agent can take for that long fails as Unassigned. */
  unassignedMs: number;
  /** An agent whose Lease is that old is not there. */
  agentStaleMs: number;
  /** Nothing had acted: the Abnormal fails as AgentUnavailable that long after its agent was last heard of. */
  agentUnavailableMs: number;
  /** An intent was written: it fails as EffectUnknown that long after its agent was last heard of. */
  effectUnknownMs: number;
  /** How often leases are looked at, and remote plugins probed. */
  probeMs: number;
  /** Namespace of the agents' Leases. */
  namespace: string;
}

export const DEFAULT_OPTIONS: MasterOptions = {
  unassignedMs: 120_000,
  agentStaleMs: 40_000,
  agentUnavailableMs: 120_000,
  effectUnknownMs: 600_000,
  probeMs: 5_000,
  namespace: 'kdr-system',
};
