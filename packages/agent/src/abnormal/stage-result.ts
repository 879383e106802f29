import type { Abnormal } from '@kdr/api-types';
import type { Change } from './change.ts';

/**
 * What a stage did. `change`: this is to be written (`after` is called when it is), and then the next stage or step begins at once. `written`: it has written itself; go on
 * with this. `wait`: nothing to do before something happens, or the time has come. `again`: out of time or told to stop; look again.
 */
export type StageResult =
  | { change: Change; after?: (written: Abnormal) => Promise<void> }
  | { written: Abnormal }
  | { waitMs: number | undefined }
  | { again: true };
