import { Counter, Histogram, Registry } from 'prom-client';

/** Metrics of one process; each of its plugins' `/metrics` shows all of them. */
export interface PluginMetrics {
  /** @param outcome of the answer, or the code of the error */
  observe(plugin: string, route: string, outcome: string, seconds: number): void;
  text(): Promise<string>;
}

export function createPluginMetrics(): PluginMetrics {
  const registry = new Registry();
  const requests = new Counter({
    name: 'kdr_plugin_requests_total',
    help: 'Calls that were answered, by outcome or error code.',
    labelNames: ['plugin', 'route', 'outcome'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'kdr_plugin_request_duration_seconds',
    help: 'Seconds from a call to its answer.',
    labelNames: ['plugin', 'route'],
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60],
    registers: [registry],
  });
  return {
    observe(plugin, route, outcome, duration) {
      requests.inc({ plugin, route, outcome });
      seconds.observe({ plugin, route }, duration);
    },
    text: () => registry.metrics(),
  };
}
