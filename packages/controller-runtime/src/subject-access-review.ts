import type { ApiClient } from './api-client.ts';

/** A user, as an admission request or a TokenReview names it. */
export interface Requester {
  username?: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** What somebody wants to do with a resource. Without a name: with all of them. */
export interface ResourceAccess {
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
}

/** The server's word. */
export interface AccessReview {
  allowed: boolean;
  /** Why, in the authorizer's words; often empty. */
  reason: string;
}

interface SubjectAccessReview {
  apiVersion: string;
  kind: string;
  spec: object;
  status?: { allowed?: boolean; denied?: boolean; reason?: string };
}

/**
 * Asks the API server whether a user may do something (authorization.k8s.io/v1 SubjectAccessReview). An answer without a clear yes is a no.
 * @throws ApiError where the server does not answer.
 */
export async function reviewAccess(client: ApiClient, user: Requester, access: ResourceAccess): Promise<AccessReview> {
  const { username, uid, groups, extra } = user;
  const review: SubjectAccessReview = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: username, uid, groups, extra, resourceAttributes: { version: '*', ...access } },
  };
  const { status } = (await client.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review)) as SubjectAccessReview;
  return { allowed: status?.allowed === true && status.denied !== true, reason: status?.reason ?? '' };
}
