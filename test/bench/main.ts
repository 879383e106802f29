// npm run bench [-- P5 P6 …] [--json]: a table for people, or one JSON object per line for programs. Exit 1 when a goal does not hold.
import { p4 } from './p4-footprint.ts';
import { p5 } from './p5-throughput.ts';
import { p6 } from './p6-latency.ts';
import { p13 } from './p13-start.ts';
import type { Result } from './result.ts';

const BENCHMARKS: Record<string, (progress: (text: string) => void) => Promise<Result[]>> = { P4: p4, P5: p5, P6: p6, P13: p13 };

const wanted = process.argv.slice(2).filter((arg) => arg !== '--');
const json = wanted.includes('--json');
const ids = wanted.filter((arg) => arg !== '--json').map((arg) => arg.toUpperCase());
const unknown = ids.filter((id) => BENCHMARKS[id] === undefined);
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}

const results: Result[] = [];
for (const id of ids.length > 0 ? ids : Object.keys(BENCHMARKS)) {
  const found = await BENCHMARKS[id]?.((text) => console.error(`${id}: ${text}`));
  for (const result of found ?? []) {
    results.push(result);
    if (json) console.log(JSON.stringify(result));
  }
}
if (!json) {
  for (const { id, metric, ours, unit, peer, peerName, ratio, goal, holds } of results) {
    const beside = peer === undefined ? '' : `, ${peerName} ${peer} ${unit}, ratio ${ratio}`;
    console.log(`${id.padEnd(4)} ${holds ? 'holds ' : 'MISSED'} ${metric}: ${ours} ${unit}${beside} (goal ${goal})`);
  }
}
process.exit(results.every((result) => result.holds) ? 0 : 1);
