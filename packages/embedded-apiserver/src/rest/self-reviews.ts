import { isObject, timestamp } from '../api/object.ts';
import { badRequest } from '../api/status-error.ts';
import type { UserInfo } from '../identity.ts';

/** SelfSubjectReview: who the server takes the caller for (`kubectl auth whoami`). */
export function selfSubjectReview(user: UserInfo, now: number): object {
  const metadata = { creationTimestamp: timestamp(now) };
  return { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1', metadata, status: { userInfo: user } };
}

/** SelfSubjectAccessReview: every known identity may do everything that no admission policy refuses; there are no roles here. */
export function selfSubjectAccessReview(body: unknown, now: number): object {
  if (!isObject(body) || !isObject(body['spec'])) throw badRequest('a SelfSubjectAccessReview needs a spec');
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: { creationTimestamp: timestamp(now) },
    spec: body['spec'],
    status: { allowed: true, reason: 'this server has no roles; admission policies decide about writes' },
  };
}
