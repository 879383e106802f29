import { KdrError } from '@kdr/api-types';

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Seconds of a duration as Go and Prometheus write it: 90s, 30m, 4h, 1h30m, 7d.
 * @throws KdrError KDR_CLI_USAGE
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text)
    throw new KdrError('KDR_CLI_USAGE', `"${text}" is no duration: write 90s, 30m, 4h, 1h30m or 7d`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
}
