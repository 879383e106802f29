import type { Abnormal, ReadyPlugin } from '@kdr/api-types';
import type { AccessReview, Requester, ResourceAccess } from '@kdr/controller-runtime';
import type { AdmissionSettings } from './admission-settings.ts';

/** What the validators ask of the cluster. Each of these may throw an ApiError: the object is then refused, with 503. */
export interface AdmissionWorld {
  settings: AdmissionSettings;
  /** Whether a plugin of that kind and name is registered. */
  registered(kind: ReadyPlugin['kind'], name: string): Promise<boolean>;
  /** An Abnormal, fresh. */
  abnormal(namespace: string, name: string): Promise<Abnormal | undefined>;
  access(user: Requester, access: ResourceAccess): Promise<AccessReview>;
  /** Milliseconds since the epoch. */
  now(): number;
}
