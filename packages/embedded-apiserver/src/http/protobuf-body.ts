import { unsupportedMediaType } from '../api/status-error.ts';

/** The media type in which kubectl sends the built-in kinds that it makes from its command line. */
export const protobufType = 'application/vnd.kubernetes.protobuf';

type Field =
  | { as: 'string' | 'bytes' | 'integer' | 'boolean'; name: string; repeated?: true }
  | { as: 'message'; name: string; message: Message; repeated?: true }
  | { as: 'map'; name: string; value: 'string' | 'bytes' }
  | { as: 'time'; name: string }
  | { as: 'ignored' };

type Message = Record<number, Field>;

// Field numbers of k8s.io/apimachinery/pkg/{runtime,apis/meta/v1}/generated.proto and k8s.io/api/core/v1/generated.proto.

const ownerReference: Message = {
  1: { as: 'string', name: 'kind' },
  3: { as: 'string', name: 'name' },
  4: { as: 'string', name: 'uid' },
  5: { as: 'string', name: 'apiVersion' },
  6: { as: 'boolean', name: 'controller' },
  7: { as: 'boolean', name: 'blockOwnerDeletion' },
};

const objectMeta: Message = {
  1: { as: 'string', name: 'name' },
  2: { as: 'string', name: 'generateName' },
  3: { as: 'string', name: 'namespace' },
  4: { as: 'ignored' },
  5: { as: 'string', name: 'uid' },
  6: { as: 'string', name: 'resourceVersion' },
  7: { as: 'integer', name: 'generation' },
  8: { as: 'time', name: 'creationTimestamp' },
  11: { as: 'map', name: 'labels', value: 'string' },
  12: { as: 'map', name: 'annotations', value: 'string' },
  13: { as: 'message', name: 'ownerReferences', message: ownerReference, repeated: true },
  14: { as: 'string', name: 'finalizers', repeated: true },
  17: { as: 'ignored' },
};

const metadata: Field = { as: 'message', name: 'metadata', message: objectMeta };

const kinds: Record<string, Message> = {
  'v1 Namespace': { 1: metadata, 2: { as: 'ignored' }, 3: { as: 'ignored' } },
  'v1 ConfigMap': {
    1: metadata,
    2: { as: 'map', name: 'data', value: 'string' },
    3: { as: 'map', name: 'binaryData', value: 'bytes' },
    4: { as: 'boolean', name: 'immutable' },
  },
  'v1 Secret': {
    1: metadata,
    2: { as: 'map', name: 'data', value: 'bytes' },
    3: { as: 'string', name: 'type' },
    4: { as: 'map', name: 'stringData', value: 'string' },
    5: { as: 'boolean', name: 'immutable' },
  },
  'v1 ServiceAccount': { 1: metadata },
};

const typeMeta: Message = { 1: { as: 'string', name: 'apiVersion' }, 2: { as: 'string', name: 'kind' } };
const unknown: Message = {
  1: { as: 'message', name: 'typeMeta', message: typeMeta },
  2: { as: 'bytes', name: 'raw' },
  3: { as: 'string', name: 'contentEncoding' },
  4: { as: 'string', name: 'contentType' },
};

/** The four bytes before each message (k8s.io/apimachinery/pkg/runtime/serializer/protobuf). */
const magic = Buffer.from('k8s\0', 'latin1');

/**
 * Reads a Namespace, ConfigMap, Secret or ServiceAccount in Kubernetes' protobuf form, as JSON would have it.
 * @throws StatusError 415 for another kind, or a field that is not known here: to leave it out would store something else.
 */
export function parseProtobuf(bytes: Buffer): unknown {
  if (!bytes.subarray(0, 4).equals(magic)) throw refused('it has not the mark of Kubernetes');
  const envelope = read(bytes.subarray(4), unknown) as { typeMeta?: { apiVersion?: string; kind?: string }; raw?: string };
  const { apiVersion = '', kind = '' } = envelope.typeMeta ?? {};
  const message = kinds[`${apiVersion} ${kind}`];
  if (message === undefined)
    throw refused(`${apiVersion} ${kind} is read as JSON only; with kubectl, write it as a manifest and use create -f`);
  return { apiVersion, kind, ...read(Buffer.from(envelope.raw ?? '', 'base64'), message) };
}

function read(bytes: Buffer, message: Message): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  let at = 0;
  while (at < bytes.length) {
    const tag = varint(bytes, at);
    const field = message[Number(tag.value >> 3n)];
    if (field === undefined) throw refused(`field ${tag.value >> 3n} is not known`);
    const wire = Number(tag.value & 7n);
    if (wire !== 0 && wire !== 2) throw refused(`wire type ${wire} is not known`);
    const head = varint(bytes, tag.end);
    at = wire === 0 ? head.end : head.end + Number(head.value);
    if (at > bytes.length) throw refused('it ends early');
    put(object, field, wire === 0 ? head.value : bytes.subarray(head.end, at));
  }
  return object;
}

function put(object: Record<string, unknown>, field: Field, raw: bigint | Buffer): void {
  if (field.as === 'ignored') return;
  if (field.as === 'map') {
    const { key = '', value = '' } = read(expectBytes(raw), { 1: { as: 'string', name: 'key' }, 2: { as: field.value, name: 'value' } });
    const map = (object[field.name] ??= {}) as Record<string, unknown>;
    Object.defineProperty(map, key as string, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const value = decode(field, raw);
  if (value === '' || value === undefined) return; // Go's JSON leaves these out too
  if ('repeated' in field) object[field.name] = [...((object[field.name] as unknown[] | undefined) ?? []), value];
  else object[field.name] = value;
}

function decode(field: Exclude<Field, { as: 'ignored' | 'map' }>, raw: bigint | Buffer): unknown {
  switch (field.as) {
    case 'string':
      return expectBytes(raw).toString('utf8');
    case 'bytes':
      return expectBytes(raw).toString('base64');
    case 'integer':
      return Number(expectVarint(raw));
    case 'boolean':
      return expectVarint(raw) !== 0n;
    case 'message':
      return read(expectBytes(raw), field.message);
    case 'time': {
      const { seconds } = read(expectBytes(raw), { 1: { as: 'integer', name: 'seconds' }, 2: { as: 'ignored' } });
      return typeof seconds === 'number' && seconds > 0 ? new Date(seconds * 1000).toISOString() : undefined;
    }
  }
}

function varint(bytes: Buffer, start: number): { value: bigint; end: number } {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + 10; at += 1) {
    const byte = bytes[at]!;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw refused('a number in it does not end');
}

function expectBytes(raw: bigint | Buffer): Buffer {
  if (typeof raw === 'bigint') throw refused('a number stands where bytes belong');
  return raw;
}

function expectVarint(raw: bigint | Buffer): bigint {
  if (typeof raw !== 'bigint') throw refused('bytes stand where a number belongs');
  return raw;
}

function refused(why: string): Error {
  return unsupportedMediaType(`the protobuf body cannot be read: ${why}`);
}
