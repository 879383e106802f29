import type { CollectedInformation } from '@kdr/api-types';
import { LIMITS } from '@kdr/api-types';
import type { InformationByCollector } from '../plugins/plugin-caller.ts';

/** The rest of a request: spec, parameters, diagnosis. */
const RESERVED_BYTES = 256 * 1024;

/** As much of it, in this order, as one request can carry. */
export function collectedInformation(entries: readonly (readonly [string, CollectedInformation | undefined])[]): InformationByCollector {
  let left = LIMITS.requestBytes - RESERVED_BYTES;
  const result: InformationByCollector = {};
  for (const [collector, information] of entries) {
    if (!information) continue;
    const size = Buffer.byteLength(JSON.stringify(information));
    if (size > left) continue;
    left -= size;
    result[collector] = information;
  }
  return result;
}
