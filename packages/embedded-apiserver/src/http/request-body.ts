import type { IncomingMessage } from 'node:http';
import { badRequest, tooLarge, unsupportedMediaType } from '../api/status-error.ts';

/** As kube-apiserver: etcd takes 1.5 MiB, and JSON may be longer than what is stored of it. */
export const maximumBodyBytes = 3 * 1024 * 1024;
/** Deeper than any schema that kube-apiserver takes; recursion over a body stays far from the end of the stack. */
const maximumDepth = 200;

/** The bytes of a request's body. @throws StatusError 413 for too many, 415 for compressed ones, 400 when it is cut off. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw unsupportedMediaType(`content encoding ${encoding} is not accepted: send the body as it is`);
  if (Number(request.headers['content-length'] ?? 0) > maximumBodyBytes) throw tooLarge(maximumBodyBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maximumBodyBytes) throw tooLarge(maximumBodyBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (request.errored) throw badRequest('the body ended early');
    throw error;
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}

/** Parses a JSON body; undefined when it is empty. @throws StatusError 400 for other text, too much depth, or a key `__proto__`. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const text = bytes.toString('utf8');
  if (depthOf(text) > maximumDepth) throw badRequest(`the body is nested deeper than ${maximumDepth} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(`the body is no JSON: ${(error as Error).message}`);
  }
  // A key can be spelt with escapes too; only then is it worth a walk.
  if ((text.includes('__proto__') || /\\u005f/i.test(text)) && hasPrototypeKey(value))
    throw badRequest('the key "__proto__" is not accepted');
  return value;
}

/** The deepest nesting of braces and brackets outside of strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === 0x22) at = endOfString(text, at);
    else if (character === 0x7b || character === 0x5b) deepest = Math.max(deepest, (depth += 1));
    else if (character === 0x7d || character === 0x5d) depth -= 1;
  }
  return deepest;
}

/** The index of the quote that ends the string which starts at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1;
  return backslashes % 2 === 1;
}

function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasPrototypeKey);
}
