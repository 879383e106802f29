import type { IncomingMessage } from 'node:http';
import { LIMITS } from '@kdr/api-types';
import { PluginError } from './plugin-error.ts';

/** Levels of nesting that an answer may have; Kubernetes objects have about ten. */
const MAX_DEPTH = 64;

/** An answer came, and it is wrong: asking again would give the same. */
export function badAnswer(name: string, why: string, cause?: unknown): PluginError {
  return new PluginError('KDR_PLUGIN_BAD_ANSWER', `${name}: ${why}`, { retryable: false, sent: true, cause });
}

/** Reads a body up to the limit of an answer; the connection of a larger one is destroyed. */
export async function readBody(name: string, response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = Number(response.headers['content-length'] ?? 0);
  const tooLarge = () =>
    new PluginError('KDR_PLUGIN_ANSWER_TOO_LARGE', `${name}: the answer is larger than ${LIMITS.answerBytes} bytes`, {
      retryable: false,
      sent: true,
    });
  if (bytes > LIMITS.answerBytes) throw tooLarge();
  bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMITS.answerBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// Depth: later code may walk the value recursively. __proto__: JSON.parse makes it an own field, and a later merge would make it a prototype.
function structureError(value: unknown, depth = 0): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`;
  if (Object.hasOwn(value, '__proto__')) return 'a field is named __proto__';
  for (const each of Object.values(value)) {
    const error = structureError(each, depth + 1);
    if (error !== undefined) return error;
  }
  return undefined;
}

/** @throws PluginError KDR_PLUGIN_BAD_ANSWER: wrong content type, not UTF-8, not JSON, too deep, a field named `__proto__`. */
export function parseJson(name: string, response: IncomingMessage, body: Buffer): unknown {
  const type = response.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw badAnswer(name, `content type ${JSON.stringify(type.slice(0, 64))}, not application/json`);
  if (response.headers['content-encoding'] !== undefined) throw badAnswer(name, 'the answer is compressed, which was not asked for');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw badAnswer(name, 'the answer is not JSON', cause);
  }
  const error = structureError(value);
  if (error !== undefined) throw badAnswer(name, `the answer’s JSON is refused: ${error}`);
  return value;
}
