import type { IncomingMessage, ServerResponse } from 'node:http';
import { methodNotAllowed, StatusError, unauthorized, unknownResource } from '../api/status-error.ts';
import { aggregatedDiscovery, discovery, reviewResources } from '../discovery/discovery.ts';
import type { OpenApi } from '../discovery/openapi.ts';
import { anonymous } from '../identity.ts';
import type { Authenticator, UserInfo } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { Api } from '../rest/api.ts';
import { selfSubjectAccessReview, selfSubjectReview } from '../rest/self-reviews.ts';
import type { WatchHub } from '../watch/watch-hub.ts';
import { aggregatedDiscoveryType, mediaTypeOf, wantsAggregatedDiscovery } from './negotiation.ts';
import { parseJson, readBody } from './request-body.ts';
import { parseRequestPath } from './request-path.ts';
import type { RequestPath } from './request-path.ts';
import { handleResource, unforeseen } from './resource-handler.ts';
import { sendJson, sendStatus } from './respond.ts';

/** What the handler of all requests works with. */
export interface RequestHandlerOptions {
  api: Api;
  hub: WatchHub;
  openApi: OpenApi;
  authenticate: Authenticator;
  version: object;
  logger: Logger;
}

/** Makes the function that answers every request: authenticates it, finds what its path names, and turns what is thrown into a Status. */
export function createRequestHandler(options: RequestHandlerOptions): (message: IncomingMessage, response: ServerResponse) => void {
  return (message, response) => {
    handle(options, message, response).catch((error: unknown) => {
      const known = error instanceof StatusError ? error : unforeseen(error);
      if (known.status.code >= 500) options.logger.error({ err: error, method: message.method, url: message.url }, 'request failed');
      sendStatus(response, known);
    });
  };
}

async function handle(options: RequestHandlerOptions, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams: query } = readUrl(message.url);
  const path = parseRequestPath(pathname);
  const user = authenticated(options.authenticate, message, path);
  if (path === undefined) throw unknownResource();
  if (path.what === 'resource') {
    const review = reviewResources.find(
      ({ group, version, plural }) => path.group === group && path.version === version && path.plural === plural,
    );
    if (review !== undefined) await answerReview(options.api, review.kind, user, message, response);
    else await handleResource(options.api, options.hub, { path, query, user, message }, response);
    return;
  }
  if (message.method !== 'GET' && message.method !== 'HEAD') throw methodNotAllowed();
  answerAbout(options, path, message, response);
}

function readUrl(url = '/'): URL {
  try {
    return new URL(url, 'https://server');
  } catch {
    throw unknownResource();
  }
}

/** Whoever has no token may see whether the server lives and what it is, nothing else; a wrong token is always refused. */
function authenticated(authenticate: Authenticator, { headers }: IncomingMessage, path: RequestPath | undefined): UserInfo {
  const user = authenticate(headers.authorization);
  if (user === 'invalid') throw unauthorized();
  // Ignored, it would let `kubectl --as=somebody` act with all the rights of the caller.
  if (Object.keys(headers).some((name) => name.startsWith('impersonate-')))
    throw new StatusError(403, 'Forbidden', 'impersonation (kubectl --as) is not served here: use the token of that identity');
  if (user !== 'absent') return user;
  if (path?.what === 'health' || path?.what === 'version') return anonymous;
  throw unauthorized();
}

function answerAbout(
  { api, openApi, version }: RequestHandlerOptions,
  path: Exclude<RequestPath, { what: 'resource' }>,
  { headers }: IncomingMessage,
  response: ServerResponse,
): void {
  switch (path.what) {
    case 'health':
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('ok');
      return;
    case 'version':
      sendJson(response, 200, JSON.stringify(version));
      return;
    case 'openapi':
      sendJson(response, 200, path.groupVersion === undefined ? JSON.stringify(openApi.index()) : openApi.document(path.groupVersion));
      return;
    case 'discovery': {
      const { scope, group, version: groupVersion } = path;
      if (group === undefined && wantsAggregatedDiscovery(headers.accept)) {
        sendJson(response, 200, JSON.stringify(aggregatedDiscovery(api.registry, scope)), [], aggregatedDiscoveryType);
      } else {
        sendJson(response, 200, JSON.stringify(discovery(api.registry, scope, group, groupVersion)));
      }
    }
  }
}

async function answerReview(
  api: Api,
  kind: (typeof reviewResources)[number]['kind'],
  user: UserInfo,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (message.method !== 'POST') throw methodNotAllowed();
  const bytes = await readBody(message);
  // kubectl sends reviews in protobuf, and nothing in them changes the answer: the caller is asked about, not the body.
  const body = mediaTypeOf(message.headers['content-type']) === 'application/json' ? parseJson(bytes) : { spec: {} };
  const answer = kind === 'SelfSubjectReview' ? selfSubjectReview(user, api.now()) : selfSubjectAccessReview(body, api.now());
  sendJson(response, 201, JSON.stringify(answer));
}
