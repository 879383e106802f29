const nanosecondsPerUnit: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const maxNanoseconds = 2n ** 63n - 1n;
const maxDurationText = 64;

/**
 * Parses Go's duration syntax (`1h30m`, `-1.5s`, `0`) as https://pkg.go.dev/time#ParseDuration defines it.
 * @returns nanoseconds, or undefined if the text is not a duration or exceeds 64 bits
 */
export function parseGoDuration(text: string): bigint | undefined {
  const [, sign, body = ''] = /^([-+]?)(.+)$/s.exec(text.slice(0, maxDurationText + 1)) ?? [];
  if (body === '' || text.length > maxDurationText) return undefined;
  const total = body === '0' ? 0n : sumOfParts(body);
  return total !== undefined && sign === '-' ? -total : total;
}

function sumOfParts(body: string): bigint | undefined {
  const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0n;
  while (part.lastIndex < body.length) {
    const match = part.exec(body);
    const [whole, fraction, unit] = [match?.[1] ?? '', match?.[2] ?? '', match?.[3] ?? ''];
    const scale = nanosecondsPerUnit[unit];
    if (scale === undefined || (whole === '' && fraction === '')) return undefined;
    total += BigInt(whole || '0') * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    if (total > maxNanoseconds) return undefined;
  }
  return total;
}
