import { Double, Duration, Timestamp, TypeValue, Uint, floorDivide } from './values.ts';

/** The text of `string(x)` for the values it takes. */
export function display(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Double) return displayDouble(value.value);
  if (value instanceof Uint) return `${value.value}`;
  if (value instanceof Duration) return `${secondsText(value.nanoseconds)}s`;
  if (value instanceof Timestamp) return displayTimestamp(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof TypeValue) return value.name;
  if (value instanceof URL) return value.href;
  if (typeof value === 'number' && !Number.isInteger(value)) return displayDouble(value);
  return String(value);
}

function secondsText(nanoseconds: bigint): string {
  const [sign, size] = nanoseconds < 0n ? ['-', -nanoseconds] : ['', nanoseconds];
  const fraction = `${size % 1_000_000_000n}`.padStart(9, '0').replace(/0+$/, '');
  return `${sign}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

// strconv.FormatFloat(value, 'g', -1, 64): the shortest digits; an exponent of at least two digits below 1e-4 and from 1e6 on.
function displayDouble(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Number.isNaN(value) || value === 0) return Object.is(value, -0) ? '-0' : String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const size = Number(exponent);
  if (size >= -4 && size < 6) return String(value);
  return `${mantissa}e${size < 0 ? '-' : '+'}${String(Math.abs(size)).padStart(2, '0')}`;
}

/** RFC 3339 in UTC, with as many digits of a second as there are. */
function displayTimestamp(time: Timestamp): string {
  const seconds = floorDivide(time.nanoseconds, 1_000_000_000n);
  const rest = time.nanoseconds - seconds * 1_000_000_000n;
  const fraction = rest === 0n ? '' : `.${`${rest}`.padStart(9, '0').replace(/0+$/, '')}`;
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', `${fraction}Z`);
}
