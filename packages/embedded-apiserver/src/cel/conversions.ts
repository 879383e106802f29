import { display } from './display.ts';
import { CelEvaluationError } from './errors.ts';
import type { LibraryBuilder } from './overload.ts';
import { bool, bytes, double, duration, int, string, timestamp, uint } from './types.ts';
import { parseGoDuration } from './duration.ts';
import { parseTimestamp, timestampOf } from './timestamp.ts';
import type { Timestamp, Uint } from './values.ts';
import { Duration, floorDivide, numberOf, toDouble, toInt, toUint } from './values.ts';

const nanosecondsPerSecond = 1_000_000_000n;

/** int(), uint(), double(), string(), bytes(), bool(), timestamp() and duration(). */
export function addConversions(library: LibraryBuilder): void {
  addInt(library);
  addUint(library);
  library.function('double', [double], double, (_, a) => a);
  library.function('double', [int], double, (_, a) => toDouble(Number(a)));
  library.function('double', [uint], double, (_, a) => toDouble(Number((a as Uint).value)));
  library.function('double', [string], double, (_, a) => parseDouble(a as string));
  for (const type of [string, bool, int, uint, double, bytes, timestamp, duration])
    library.function('string', [type], string, (frame, a) => {
      const text = display(a);
      frame.budget.spend(text.length / 10);
      return text;
    });
  library.function('bytes', [bytes], bytes, (_, a) => a);
  library.function('bytes', [string], bytes, (frame, a) => {
    frame.budget.spend((a as string).length / 10);
    return new Uint8Array(Buffer.from(a as string));
  });
  library.function('bool', [bool], bool, (_, a) => a);
  library.function('bool', [string], bool, (_, a) => parseBool(a as string));
  library.function('timestamp', [timestamp], timestamp, (_, a) => a);
  library.function('timestamp', [int], timestamp, (_, a) => timestampOf(BigInt(a as number | bigint) * nanosecondsPerSecond));
  library.function('timestamp', [string], timestamp, (_, a) => parseTimestamp(a as string) ?? fail('timestamp'));
  library.function('duration', [duration], duration, (_, a) => a);
  library.function('duration', [int], duration, (_, a) => new Duration(BigInt(a as number | bigint)));
  library.function('duration', [string], duration, (_, a) => {
    const nanoseconds = parseGoDuration(a as string);
    return nanoseconds === undefined ? fail('duration') : new Duration(nanoseconds);
  });
}

function addInt(library: LibraryBuilder): void {
  library.function('int', [int], int, (_, a) => a);
  library.function('int', [uint], int, (_, a) => toInt((a as Uint).value));
  library.function('int', [double], int, (_, a) => toInt(truncate(numberOf(a), 'integer overflow')));
  library.function('int', [string], int, (_, a) => toInt(parseInteger(a as string, 'int')));
  library.function('int', [timestamp], int, (_, a) => toInt(floorDivide((a as Timestamp).nanoseconds, nanosecondsPerSecond)));
  library.function('int', [duration], int, (_, a) => toInt((a as Duration).nanoseconds));
}

function addUint(library: LibraryBuilder): void {
  library.function('uint', [uint], uint, (_, a) => a);
  library.function('uint', [int], uint, (_, a) => toUint(BigInt(a as number | bigint)));
  library.function('uint', [double], uint, (_, a) => toUint(truncate(numberOf(a), 'unsigned integer overflow')));
  library.function('uint', [string], uint, (_, a) => toUint(parseInteger(a as string, 'uint')));
}

function truncate(value: number, message: string): bigint {
  if (!Number.isFinite(value)) throw new CelEvaluationError(message);
  return BigInt(Math.trunc(value));
}

function parseInteger(text: string, type: string): bigint {
  if (!/^[+-]?\d{1,20}$/.test(text)) fail(type);
  return BigInt(text.startsWith('+') ? text.slice(1) : text);
}

function parseDouble(text: string): unknown {
  if (!/^[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity|nan)$/i.test(text) || text.length > 64) fail('double');
  const named = /^([+-]?)(inf|nan)/i.exec(text);
  if (named === null) return toDouble(Number(text));
  return named[2]?.toLowerCase() === 'nan' ? NaN : named[1] === '-' ? -Infinity : Infinity;
}

function parseBool(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  return fail('bool');
}

function fail(type: string): never {
  throw new CelEvaluationError(`type conversion error from 'string' to '${type}'`);
}
