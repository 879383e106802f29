import type { LibraryBuilder } from './overload.ts';
import { duration, int, string, timestamp } from './types.ts';
import { calendarFields, type CalendarFields } from './timestamp.ts';
import type { Duration, Timestamp } from './values.ts';
import { toInt } from './values.ts';

const getters: Record<string, (fields: CalendarFields) => number> = {
  getFullYear: (fields) => fields.year,
  getMonth: (fields) => fields.month,
  getDate: (fields) => fields.day,
  getDayOfMonth: (fields) => fields.day - 1,
  getDayOfWeek: (fields) => fields.weekday,
  getDayOfYear: (fields) => fields.dayOfYear,
  getHours: (fields) => fields.hour,
  getMinutes: (fields) => fields.minute,
  getSeconds: (fields) => fields.second,
  getMilliseconds: (fields) => fields.millisecond,
};

const nanosecondsPer: Record<string, bigint> = {
  getHours: 3_600_000_000_000n,
  getMinutes: 60_000_000_000n,
  getSeconds: 1_000_000_000n,
};

// Units: a date is computed in about a microsecond, the rules of a named zone are read in about a hundred.
const calendarCost = 10;
const zoneCost = 3_000;

/** Calendar fields of timestamps, and whole units of durations (cel-spec, date and time functions). */
export function addTimes(library: LibraryBuilder): void {
  for (const [name, get] of Object.entries(getters)) {
    library.method(name, timestamp, [], int, (frame, time) => {
      frame.budget.spend(calendarCost);
      return get(calendarFields(time as Timestamp, ''));
    });
    library.method(name, timestamp, [string], int, (frame, time, zone) => {
      frame.budget.spend(zoneCost);
      return get(calendarFields(time as Timestamp, zone as string));
    });
  }
  for (const [name, unit] of Object.entries(nanosecondsPer)) {
    library.method(name, duration, [], int, (_, span) => toInt((span as Duration).nanoseconds / unit));
  }
  library.method('getMilliseconds', duration, [], int, (_, span) => toInt((span as Duration).nanoseconds / 1_000_000n));
}
