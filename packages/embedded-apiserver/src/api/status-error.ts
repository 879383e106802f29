/** One reason of metav1.StatusDetails: which field, what kind of fault, what it says. */
export interface StatusCause {
  reason?: string;
  message: string;
  field?: string;
}

/** metav1.Status with status Failure. */
export interface FailureStatus {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, never>;
  status: 'Failure';
  message: string;
  reason: string;
  details?: { name?: string; group?: string; kind?: string; uid?: string; causes?: StatusCause[]; retryAfterSeconds?: number };
  code: number;
}

/** A request that cannot be served, in the form in which Kubernetes says so: `code` is the HTTP status, `reason` the stable word. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: FailureStatus;

  constructor(code: number, reason: string, message: string, details?: FailureStatus['details'], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** What an error message names: group and plural of a resource. */
export interface GroupResource {
  group: string;
  plural: string;
}

/** `abnormals.kdr.dev`, or `pods` in the core group: how Kubernetes writes a resource in messages. */
export function qualifiedResource({ group, plural }: GroupResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

// The wording below is that of k8s.io/apimachinery/pkg/api/errors, on which clients and people rely.

/** 400: the request cannot be understood. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

/** 401: no known token. */
export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized');
}

/** 403: understood and refused. */
export function forbidden(resource: GroupResource, name: string, why: string, causes?: StatusCause[]): StatusError {
  const message = `${qualifiedResource(resource)} ${JSON.stringify(name)} is forbidden: ${why}`;
  return new StatusError(403, 'Forbidden', message, { ...details(resource, name), ...(causes ? { causes } : {}) });
}

/** 404: no such object. */
export function notFound(resource: GroupResource, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${qualifiedResource(resource)} ${JSON.stringify(name)} not found`, details(resource, name));
}

/** 404: no such resource, subresource or path. */
export function unknownResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** 405: the resource does not have this verb. */
export function methodNotAllowed(): StatusError {
  return new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

/** 409: an object of this name is there. */
export function alreadyExists(resource: GroupResource, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualifiedResource(resource)} ${JSON.stringify(name)} already exists`,
    details(resource, name),
  );
}

/** What a stale resourceVersion is told. */
export const staleObject = 'the object has been modified; please apply your changes to the latest version and try again';

/** 409: the object is not what the request takes it to be. */
export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualifiedResource(resource)} ${JSON.stringify(name)}: ${why}`;
  return new StatusError(409, 'Conflict', message, details(resource, name));
}

/** 410: the resourceVersion or continue token is older than what the server keeps. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}

/** 413: the body is larger than the server takes. */
export function tooLarge(limit: number): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);
}

/** 415: the body is in a form that the server does not read. */
export function unsupportedMediaType(message: string): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', message);
}

/** 500: the server failed; the message is for people, the cause for the log. */
export function internalError(why: string, cause?: unknown): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${why}`, { causes: [{ message: why }] }, cause);
}

function details({ group, plural }: GroupResource, name: string): NonNullable<FailureStatus['details']> {
  return { name, ...(group === '' ? {} : { group }), kind: plural };
}
