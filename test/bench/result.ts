/** One measured figure beside its goal, and beside a named peer of the same run where there is one. */
export interface Result {
  id: string;
  metric: string;
  ours: number;
  unit: string;
  peer?: number;
  peerName?: string;
  /** ours / peer. */
  ratio?: number;
  goal: string;
  holds: boolean;
}

const round = (value: number) => (Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100);

/** A figure with an absolute limit. */
export function atMost(id: string, metric: string, ours: number, limit: number, unit: string): Result {
  return { id, metric, ours: round(ours), unit, goal: `<= ${limit} ${unit}`, holds: ours <= limit };
}

/** A figure that must reach something. */
export function atLeast(id: string, metric: string, ours: number, limit: number, unit: string): Result {
  return { id, metric, ours: round(ours), unit, goal: `>= ${limit} ${unit}`, holds: ours >= limit };
}

/** A figure that may be at most some part of a peer's, measured in the same run. */
export function ratioAtMost(id: string, metric: string, ours: number, peer: number, limit: number, unit: string, peerName: string): Result {
  const ratio = ours / peer;
  return {
    id,
    metric,
    ours: round(ours),
    unit,
    peer: round(peer),
    peerName,
    ratio: round(ratio),
    goal: `<= ${limit} x ${peerName}`,
    holds: ratio <= limit,
  };
}

/** The p-th part (0–1) of some numbers. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? NaN;
}
