import { isIP, isIPv4, isIPv6 } from 'node:net';
import { parseGoDuration } from '../cel/duration.ts';
import { isDate, isDateTime } from './calendar.ts';

/**
 * The string formats that apiextensions 1.34 checks (`pkg/apiserver/validation/formats.go`, those with compatibility 1.33);
 * any other format, `int32` among them, is ignored there and here. Rules follow kube-openapi's `strfmt`.
 * Every pattern is anchored and free of nested repetition, so that V8 runs it in linear time.
 */
const checks: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  uri: isRequestUri,
  email: (text) => text.length <= 320 && /^[^\s@<>()[\],;:\\"]+@[^\s@<>()[\],;:\\"]+$/.test(text),
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: isMac,
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid3: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid4: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  uuid5: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  rgbcolor: isRgbColor,
  byte: isBase64,
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
};

/** The check of a format, or undefined where Kubernetes does not know the format. Dashes do not matter (`date-time`). */
export function formatCheck(format: string): ((text: string) => boolean) | undefined {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(checks, name) ? checks[name] : undefined;
}

function isRequestUri(text: string): boolean {
  return text.startsWith('/') ? !/[\s]/.test(text) : /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text);
}

// strfmt HostnamePattern; the last label of a name with dots has at least two letters.
function isHostname(text: string): boolean {
  if (text.length > 255) return false;
  const labels = text.split('.');
  const last = labels.length > 1 ? labels.pop() : undefined;
  if (last !== undefined && !/^[\p{L}]{2,63}$/u.test(last)) return false;
  return labels.every((label) => label.length <= 63 && /^[\p{L}\p{S}0-9]([\p{L}\p{S}0-9-]*[\p{L}\p{S}0-9])?$/u.test(label));
}

function isCidr(text: string): boolean {
  const [address, bits, ...rest] = text.split('/');
  if (address === undefined || bits === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}

function isMac(text: string): boolean {
  return [6, 8, 20].some((bytes) => {
    const colonOrDash = new RegExp(`^[0-9a-f]{2}([:-][0-9a-f]{2}){${bytes - 1}}$`, 'i');
    const dots = new RegExp(`^[0-9a-f]{4}(\\.[0-9a-f]{4}){${bytes / 2 - 1}}$`, 'i');
    return colonOrDash.test(text) || dots.test(text);
  });
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[\s-]+/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += (i + 1) * (digits[i] === 'X' ? 10 : Number(digits[i]));
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[\s-]+/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 13; i++) sum += Number(digits[i]) * (i % 2 === 0 ? 1 : 3);
  return sum % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replaceAll(/[^0-9]+/g, '');
  if (!/^(?:\d{13}|\d{14}|\d{15}|\d{16})$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function isRgbColor(text: string): boolean {
  const match = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text);
  return match !== null && match.slice(1).every((part) => Number(part) <= 255);
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

// strfmt.ParseDuration: Go's syntax, or Scala's `22 ns`, `1 week`.
function isDuration(text: string): boolean {
  if (parseGoDuration(text) !== undefined) return true;
  const unit = 'ns|nano|nanos|nanosecond|nanoseconds|us|micro|micros|microsecond|microseconds|ms|milli|millis|millisecond|milliseconds';
  const long = 's|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hr|hrs|hour|hours|d|day|days|w|wk|wks|week|weeks';
  return new RegExp(`^\\d+\\s*(${unit}|${long})$`, 'i').test(text);
}
