import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Text of a file in `fixtures/`, for tests; those over 30 kB are gzipped. */
export function readFixture(name: string): string {
  const bytes = readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}
