import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/**
 * Metrics live in the Registry of the caller. Several clients, queues or informers of one process share one metric
 * and differ by label, so each function gives back what the Registry already has. Without a Registry nothing is counted.
 */
export function counterIn<L extends string>(
  registry: Registry | undefined,
  name: string,
  help: string,
  labelNames: readonly L[],
): Counter<L> | undefined {
  if (!registry) return undefined;
  const known = registry.getSingleMetric(name);
  return known instanceof Counter ? (known as Counter<L>) : new Counter({ name, help, labelNames, registers: [registry] });
}

/** A value that goes up and down; see {@link counterIn}. */
export function gaugeIn<L extends string>(
  registry: Registry | undefined,
  name: string,
  help: string,
  labelNames: readonly L[],
): Gauge<L> | undefined {
  if (!registry) return undefined;
  const known = registry.getSingleMetric(name);
  return known instanceof Gauge ? (known as Gauge<L>) : new Gauge({ name, help, labelNames, registers: [registry] });
}

/** A distribution of seconds; see {@link counterIn}. */
export function histogramIn<L extends string>(
  registry: Registry | undefined,
  name: string,
  help: string,
  labelNames: readonly L[],
): Histogram<L> | undefined {
  if (!registry) return undefined;
  const known = registry.getSingleMetric(name);
  return known instanceof Histogram
    ? (known as Histogram<L>)
    : new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [registry] });
}

/** From one write (about 1 ms) to the request deadline. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
