/** Everything about an agent that an operator may want to set. Defaults are those of docs/api. */
export interface AgentOptions {
  /** Abnormals that are worked on at the same time. A worker is a promise and not a thread: it costs nothing while it waits for a plugin. */
  workers: number;
  /** A diagnoser or recoverer may take that long, unless its registration says otherwise. */
  pluginTimeoutMs: number;
  /** The same for a collector. */
  collectTimeoutMs: number;
  /** Calls to one plugin at once, unless its registration says otherwise. */
  pluginConcurrency: number;
  /** Tries after the first, for failures that may go away. Never for an Act. */
  retries: number;
  /** Pause before the first of them; it doubles. */
  retryBackoffMs: number;
  /** Work time of each stage, in seconds. Waiting for a grant, a lock or a soak does not count. */
  informationSeconds: number;
  diagnosisSeconds: number;
  recoverySeconds: number;
  /** Age up to which a confirmed diagnosis may be acted on. */
  diagnosisMaxAgeMs: number;
  /** A proposal that the master has not answered for that long is Failed/GateUnavailable. */
  gateSeconds: number;
  /** How long the fault must stay away, where no policy says otherwise. */
  soakSeconds: number;
  /** Right after an act its effect may take a moment: looks that still see the fault are repeated within this time. */
  settleMs: number;
  /** A finished Abnormal is deleted after that, unless its spec says otherwise. */
  ttlSeconds: number;
  /** Pause between two readiness probes of one plugin. */
  probeIntervalMs: number;
  /** A plugin that was never ready is waited for that long after the start, before Abnormals are worked on without it. */
  startGraceMs: number;
  /**
   * A plugin that stopped being ready is waited for that long from then on, before it is passed over. The first restart of a container is at
   * once, the second after 10 s (the kubelet's back-off), and the plugin starts and is probed; one that stays away longer is not restarting.
   * For one that was never ready it counts from the agent's start, or from its registration.
   */
  readyGraceMs: number;
  /** Questions back in one call. */
  callbackCalls: number;
  /** How Abnormals of the node are selected: `.spec.nodeName` (Kubernetes ≥ 1.31), or the label kdr.dev/node. */
  selectBy: 'field' | 'label';
  /** After the signal to stop, what is under way gets so long: longer than one Act. */
  stopSeconds: number;
  /** Artifacts kept on the node, in bytes; the ones not used for longest go first. */
  artifactBytes: number;
}

const DAY = 86_400;

export const DEFAULTS: AgentOptions = {
  workers: 512,
  pluginTimeoutMs: 10_000,
  collectTimeoutMs: 30_000,
  pluginConcurrency: 4,
  retries: 2,
  retryBackoffMs: 500,
  informationSeconds: 60,
  diagnosisSeconds: 120,
  recoverySeconds: 300,
  diagnosisMaxAgeMs: 30_000,
  gateSeconds: 600,
  soakSeconds: 10,
  settleMs: 3_000,
  ttlSeconds: 7 * DAY,
  probeIntervalMs: 5_000,
  startGraceMs: 5_000,
  readyGraceMs: 20_000,
  callbackCalls: 16,
  selectBy: 'field',
  stopSeconds: 25,
  artifactBytes: 1024 ** 3,
};
