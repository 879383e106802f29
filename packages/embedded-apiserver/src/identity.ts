import { createHash } from 'node:crypto';

/** Who a request acts as: what `request.userInfo` says in an admission policy (authentication.k8s.io/v1 UserInfo). */
export interface UserInfo {
  username: string;
  groups: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

/** A bearer token and the user it stands for. */
export interface Identity {
  token: string;
  user: UserInfo;
}

/** The user of a request without credentials, as in Kubernetes. */
export const anonymous: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Finds the user of a bearer token. */
export type Authenticator = (authorization: string | undefined) => UserInfo | 'invalid' | 'absent';

/**
 * Builds an authenticator for a fixed set of tokens. Tokens are compared by their SHA-256, so that the time of a look-up
 * says nothing about a token. Every user also gets the group `system:authenticated`.
 * @throws Error with code KDR_APISERVER_TOKEN_INVALID when a token is shorter than 16 characters or given twice.
 */
export function createAuthenticator(identities: readonly Identity[]): Authenticator {
  const users = new Map<string, UserInfo>();
  for (const { token, user } of identities) {
    const key = digest(token);
    if (token.length < 16 || users.has(key)) {
      throw Object.assign(
        new Error(
          `the token of user ${user.username} is shorter than 16 characters or used twice: give each identity a random token of its own`,
        ),
        { code: 'KDR_APISERVER_TOKEN_INVALID' },
      );
    }
    users.set(key, { ...user, groups: [...new Set([...user.groups, 'system:authenticated'])] });
  }
  return (authorization) => {
    if (authorization === undefined) return 'absent';
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    return (token === undefined ? undefined : users.get(digest(token))) ?? 'invalid';
  };
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
