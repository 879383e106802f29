import { counterIn, gaugeIn, histogramIn } from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';

/** What an agent counts. Names are listed in docs/metrics. */
export interface AgentMetrics {
  finished(phase: string, reason: string): void;
  stage(stage: string, seconds: number): void;
  pluginCall(plugin: string, role: string, outcome: string): void;
  attempt(recoverer: string, outcome: string): void;
  pluginsReady(count: number): void;
}

/** Registers the agent's metrics. */
export function createAgentMetrics(registry: Registry): AgentMetrics {
  const finished = counterIn(registry, 'kdr_abnormals_total', 'Abnormals that reached a terminal phase.', ['phase', 'reason']);
  const stages = histogramIn(registry, 'kdr_stage_duration_seconds', 'Work time of a stage, without waiting.', ['stage']);
  const calls = counterIn(registry, 'kdr_plugin_calls_total', 'Calls to plugins, by outcome or error code.', ['plugin', 'role', 'outcome']);
  const attempts = counterIn(registry, 'kdr_recovery_attempts_total', 'Attempts to repair, by outcome.', ['recoverer', 'outcome']);
  const ready = gaugeIn(registry, 'kdr_plugins_ready', 'Registered plugins that can be asked on this node.', []);
  return {
    finished: (phase, reason) => finished?.inc({ phase, reason }),
    stage: (stage, seconds) => stages?.observe({ stage }, seconds),
    pluginCall: (plugin, role, outcome) => calls?.inc({ plugin, role, outcome }),
    attempt: (recoverer, outcome) => attempts?.inc({ recoverer, outcome }),
    pluginsReady: (count) => ready?.set(count),
  };
}
