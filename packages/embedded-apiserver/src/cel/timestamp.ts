import { isDate } from '../schema/calendar.ts';
import { CelEvaluationError } from './errors.ts';
import { Timestamp, floorDivide } from './values.ts';

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z, the range of google.protobuf.Timestamp.
const minSeconds = -62_135_596_800n;
const maxSeconds = 253_402_300_799n;

/**
 * Parses RFC 3339 with a zone and up to nine digits of a second.
 * @returns undefined if the text is no such time
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/.exec(text);
  const [, date = '', time = '', fraction = '', zone = ''] = match ?? [];
  if (match === null || !isDate(date)) return undefined;
  const milliseconds = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(milliseconds)) return undefined;
  const seconds = BigInt(Math.trunc(milliseconds / 1000));
  return inRange(seconds) ? new Timestamp(seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))) : undefined;
}

function inRange(seconds: bigint): boolean {
  return seconds >= minSeconds && seconds <= maxSeconds;
}

/** A time from nanoseconds. @throws CelEvaluationError outside of the years 1 to 9999 */
export function timestampOf(nanoseconds: bigint): Timestamp {
  if (!inRange(floorDivide(nanoseconds, 1_000_000_000n))) throw new CelEvaluationError('timestamp overflow');
  return new Timestamp(nanoseconds);
}

/** Calendar fields of a time in a zone: an IANA name or an offset such as `+05:30`; UTC without one. */
export interface CalendarFields {
  year: number;
  /** 0 is January. */
  month: number;
  /** 1 is the first of the month. */
  day: number;
  /** 0 is Sunday. */
  weekday: number;
  /** 0 is the first of January. */
  dayOfYear: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
}

/** @throws CelEvaluationError for an unknown zone */
export function calendarFields(time: Timestamp, zone: string): CalendarFields {
  const milliseconds = Number(floorDivide(time.nanoseconds, 1_000_000n));
  const local = new Date(milliseconds + zoneOffset(milliseconds, zone));
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth(),
    day: local.getUTCDate(),
    weekday: local.getUTCDay(),
    dayOfYear: Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    millisecond: local.getUTCMilliseconds(),
  };
}

function zoneOffset(milliseconds: number, zone: string): number {
  if (zone === '' || zone === 'UTC') return 0;
  const fixed = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone);
  if (fixed !== null) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    const name = format.formatToParts(milliseconds).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
    const match = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name);
    const seconds = Number(match?.[2] ?? 0) * 3600 + Number(match?.[3] ?? 0) * 60 + Number(match?.[4] ?? 0);
    return (match?.[1] === '-' ? -1 : 1) * seconds * 1000;
  } catch {
    throw new CelEvaluationError(`unknown time zone ${zone}`);
  }
}
