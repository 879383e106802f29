import { createApiClient } from '@kdr/controller-runtime';
import { createPlugin } from './collector.ts';
import { readConfig } from './config.ts';

export type { PodFindings } from './findings.ts';
export { createPlugin } from './collector.ts';

/** The collector with the API server that its environment names. */
export const plugin = createPlugin(() => createApiClient({ ...readConfig(), userAgent: 'kdr-collector-pod' }));
