import type { AbnormalSpec, Need } from '@kdr/api-types';

/** A collector that runs in the first stage. */
export interface NeededCollector {
  collector: string;
  /** The Abnormal fails without it: only its spec can say so. */
  required: boolean;
  /** `spec` and the plugins that need it, for status.information. */
  requestedBy: string;
}

/**
 * Which collectors run first: those named in the spec, in its order, then what the matching diagnosers need. One that only a diagnoser requires
 * is required for that diagnoser alone.
 */
export function neededCollectors(
  spec: Pick<AbnormalSpec, 'informationCollectors'>,
  diagnosers: readonly { name: string; needs: readonly Need[] }[],
): NeededCollector[] {
  const needed = new Map<string, { required: boolean; by: Set<string> }>();
  const add = (collector: string, required: boolean, by: string): void => {
    const entry = needed.get(collector) ?? { required: false, by: new Set() };
    entry.required ||= required;
    entry.by.add(by);
    needed.set(collector, entry);
  };
  for (const { name, optional } of spec.informationCollectors ?? []) add(name, !optional, 'spec');
  for (const { name, needs } of diagnosers) for (const { collector } of needs) add(collector, false, name);
  return [...needed].map(([collector, { required, by }]) => ({ collector, required, requestedBy: [...by].join(', ').slice(0, 253) }));
}

/** The required needs of a plugin that gave nothing. */
export function missingNeeds(needs: readonly Need[], collected: (collector: string) => boolean): string[] {
  return needs.filter(({ collector, required }) => required && !collected(collector)).map(({ collector }) => collector);
}
