import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type { Logger } from 'pino';

/** The levels of {@link createLogger}, from the most to the least talkative. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/**
 * A JSON logger: one object per line with `level` as a word, `time` in RFC 3339, `name` and `msg`. Errors go under `err`.
 * @param options.destination where lines go; the standard output when left out.
 */
export function createLogger(options: { name: string; level?: LogLevel; destination?: DestinationStream }): Logger {
  const settings = {
    name: options.name,
    level: options.level ?? 'info',
    base: {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

/** Logs nothing: the default of everything here that takes an optional logger. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
