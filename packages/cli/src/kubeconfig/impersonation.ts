import { KdrError } from '@kdr/api-types';

/** For whom a request is made: `--as` and its companions. */
export interface Impersonated {
  user: string | undefined;
  groups: readonly string[];
  uid: string | undefined;
  extra: Readonly<Record<string, unknown>>;
}

/**
 * The headers by which a user acts for another (Kubernetes' docs, "User impersonation").
 * @throws KdrError KDR_CLI_USAGE where groups or a uid stand without a user.
 */
export function impersonation({ user, groups, uid, extra }: Impersonated): Record<string, string | string[]> {
  const extras = Object.entries(extra);
  if (user === undefined) {
    if (groups.length > 0 || uid !== undefined || extras.length > 0)
      throw new KdrError('KDR_CLI_USAGE', 'groups, a uid or extras can be impersonated together with a user only: add --as');
    return {};
  }
  return {
    'Impersonate-User': user,
    ...(groups.length > 0 ? { 'Impersonate-Group': [...groups] } : {}),
    ...(uid === undefined ? {} : { 'Impersonate-Uid': uid }),
    ...Object.fromEntries(
      extras.map(([key, values]) => [
        `Impersonate-Extra-${encodeURIComponent(key)}`,
        (Array.isArray(values) ? values : [values]).map(String),
      ]),
    ),
  };
}
