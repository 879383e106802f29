import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest, internalError, methodNotAllowed, notFound, unknownResource, unsupportedMediaType } from '../api/status-error.ts';
import type { UserInfo } from '../identity.ts';
import type { Api, ObjectAnswer, ResourceRequest } from '../rest/api.ts';
import { createObject } from '../rest/create-object.ts';
import { deleteCollection } from '../rest/delete-collection.ts';
import { deleteObject, readDeleteOptions } from '../rest/delete-object.ts';
import { listObjects } from '../rest/list-objects.ts';
import { patchers, patchObject, patchRefusal } from '../rest/patch-object.ts';
import { replaceObject } from '../rest/update-object.ts';
import { planWatch } from '../rest/watch-objects.ts';
import type { WatchHub } from '../watch/watch-hub.ts';
import { mediaTypeOf, negotiateForm } from './negotiation.ts';
import { objectEncoding } from './object-encoding.ts';
import { parseProtobuf, protobufType } from './protobuf-body.ts';
import { parseJson, readBody } from './request-body.ts';
import type { RequestPath } from './request-path.ts';
import { sendJson } from './respond.ts';

type ResourcePath = Extract<RequestPath, { what: 'resource' }>;

/** Serves one request for a stored resource. Nothing is answered before what it says is durable. */
export async function handleResource(
  api: Api,
  hub: WatchHub,
  incoming: { path: ResourcePath; query: URLSearchParams; user: UserInfo; message: IncomingMessage },
  response: ServerResponse,
): Promise<void> {
  const { message } = incoming;
  const request = understand(api, incoming);
  const watching = isWatch(request.query) && message.method === 'GET' && request.subresource === undefined;
  const encoding = objectEncoding(request, negotiateForm(message.headers.accept));
  if (watching) {
    await api.store.settled();
    openWatch(api, hub, request, encoding.event, response);
    return;
  }
  if (request.name === undefined && message.method === 'GET') {
    const list = listObjects(api, request);
    await api.store.committed();
    sendJson(response, 200, encoding.list(list), request.warnings);
    return;
  }
  const body = message.method === 'GET' ? undefined : await readObject(message);
  const answer = answerTo(api, request, message, body);
  await api.store.committed();
  const plain = typeof answer === 'string' || answer.json.startsWith('{"kind":"Status"');
  const json = typeof answer === 'string' ? answer : plain ? answer.json : encoding.one(answer.json);
  sendJson(response, typeof answer === 'string' ? 200 : answer.code, json, request.warnings);
}

function understand(api: Api, { path, query, user }: { path: ResourcePath; query: URLSearchParams; user: UserInfo }): ResourceRequest {
  const { group, version, plural, namespace, name, subresource } = path;
  const definition = api.registry.find(group, version, plural);
  if (definition === undefined || (namespace !== undefined && !definition.namespaced)) throw unknownResource();
  if (subresource !== undefined && (subresource !== 'status' || !definition.hasStatus)) throw unknownResource();
  if (definition.namespaced && namespace === undefined && name !== undefined) throw unknownResource();
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((value) => value !== 'All')) throw badRequest('dryRun: Unsupported value: supported values: "All"');
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  if (fieldValidation !== 'Strict' && fieldValidation !== 'Warn' && fieldValidation !== 'Ignore') {
    throw badRequest('fieldValidation: Unsupported value: supported values: "Ignore", "Strict", "Warn"');
  }
  return {
    definition,
    namespace,
    name,
    subresource: subresource as 'status' | undefined,
    user,
    query,
    dryRun: dryRun.length > 0,
    fieldValidation,
    warnings: [],
  };
}

function isWatch(query: URLSearchParams): boolean {
  const watch = query.get('watch');
  return watch !== null && watch !== 'false' && watch !== '0';
}

/** The read or write itself: one turn of the event loop, so that what it reads cannot change before it writes. */
function answerTo(api: Api, request: ResourceRequest, { method, headers }: IncomingMessage, body: unknown): ObjectAnswer | string {
  const named = request.name !== undefined;
  switch (method) {
    case 'GET':
      return getObject(api, request);
    case 'POST':
      if (named) throw methodNotAllowed();
      if (request.definition.namespaced && request.namespace === undefined) throw methodNotAllowed();
      return createObject(api, request, body);
    case 'PUT':
      if (!named) throw methodNotAllowed();
      return replaceObject(api, request, body);
    case 'PATCH':
      if (!named) throw methodNotAllowed();
      return patchObject(api, request, mediaTypeOf(headers['content-type']), body);
    case 'DELETE':
      if (request.subresource !== undefined) throw methodNotAllowed();
      if (named) return deleteObject(api, request, readDeleteOptions(body));
      return deleteCollection(api, request, readDeleteOptions(body));
    default:
      throw methodNotAllowed();
  }
}

function getObject(api: Api, { definition, namespace, name }: ResourceRequest): ObjectAnswer {
  const record = api.store.get(definition.storage, namespace ?? '', name!);
  if (record === undefined) throw notFound(definition, name!);
  return { code: 200, json: record.json };
}

async function readObject(message: IncomingMessage): Promise<unknown> {
  const mediaType = mediaTypeOf(message.headers['content-type']);
  const bytes = await readBody(message);
  if (message.method === 'PATCH') {
    if (!(mediaType in patchers)) throw unsupportedMediaType(patchRefusal(mediaType));
    return parseJson(bytes);
  }
  if (mediaType === protobufType && bytes.length > 0) return parseProtobuf(bytes);
  if (mediaType !== 'application/json' && bytes.length > 0) throw unsupportedMediaType(onlyJson);
  return parseJson(bytes);
}

const onlyJson = 'the body of the request was in an unknown format - accepted media types include: application/json';

function openWatch(
  api: Api,
  hub: WatchHub,
  request: ResourceRequest,
  encode: ((json: string) => string) | undefined,
  response: ServerResponse,
): void {
  const plan = planWatch(api, hub, request, encode);
  if (response.destroyed) return; // the client went while the store settled; its close was before anybody listened
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  const watcher = plan.start(response);
  response.on('close', () => watcher.closed());
  response.on('error', () => watcher.closed());
}

/** What is thrown when a handler meets something unforeseen. */
export function unforeseen(error: unknown): ReturnType<typeof internalError> {
  return internalError('the server met an error that it did not foresee; its log has it', error);
}
