import { parseDate as parseWrittenDate } from "./dates.ts";

/**
 * The dates and numbers of an export, read from bytes by digit arithmetic. What does not have the usual shape is
 * `NaN` here; the caller then takes the way through text.
 */

let cachedDate = -1;
let cachedSeconds = Number.NaN;

/** Unix seconds of midnight UTC, or `NaN` for a date that no calendar has. */
function secondsOfDate(year: number, month: number, day: number): number {
  const packed = (year * 16 + month) * 32 + day;
  if (packed === cachedDate) return cachedSeconds;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  cachedDate = packed;
  cachedSeconds = exists ? date.getTime() / 1000 : Number.NaN;
  return cachedSeconds;
}

function digits2(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 48;
  const ones = (bytes[at + 1] ?? 0) - 48;
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? Number.NaN : tens * 10 + ones;
}

/** Unix seconds of `2024-01-02 07:03:11 +0100`, the 25 bytes at `at`; `NaN` for any other shape. */
export function dateAt(bytes: Uint8Array, at: number): number {
  const sign = bytes[at + 20];
  if (
    bytes[at + 4] !== 45 ||
    bytes[at + 7] !== 45 ||
    bytes[at + 10] !== 32 ||
    bytes[at + 13] !== 58 ||
    bytes[at + 16] !== 58 ||
    bytes[at + 19] !== 32 ||
    (sign !== 43 && sign !== 45)
  ) {
    return Number.NaN;
  }
  const hour = digits2(bytes, at + 11);
  const minute = digits2(bytes, at + 14);
  const second = digits2(bytes, at + 17);
  const zoneHour = digits2(bytes, at + 21);
  const zoneMinute = digits2(bytes, at + 23);
  // Written so that NaN fails, too.
  if (!(hour < 24 && minute < 60 && second < 60 && zoneHour < 24 && zoneMinute < 60)) return Number.NaN;
  const day = secondsOfDate(
    digits2(bytes, at) * 100 + digits2(bytes, at + 2),
    digits2(bytes, at + 5),
    digits2(bytes, at + 8),
  );
  const offset = zoneHour * 3600 + zoneMinute * 60;
  return day + hour * 3600 + minute * 60 + second - (sign === 43 ? offset : -offset);
}

/**
 * Unix milliseconds of a GPX time, `2019-06-11T22:00:42Z` with any fraction of a second; `NaN` for any other shape.
 */
export function instantAt(bytes: Uint8Array, from: number, to: number): number {
  if (
    to - from < 20 ||
    bytes[to - 1] !== 90 ||
    bytes[from + 4] !== 45 ||
    bytes[from + 7] !== 45 ||
    bytes[from + 10] !== 84 ||
    bytes[from + 13] !== 58 ||
    bytes[from + 16] !== 58
  ) {
    return Number.NaN;
  }
  const hour = digits2(bytes, from + 11);
  const minute = digits2(bytes, from + 14);
  const second = digits2(bytes, from + 17);
  if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
  let fraction = 0;
  if (to - from > 20) {
    if (bytes[from + 19] !== 46) return Number.NaN;
    fraction = numberAt(bytes, from + 20, to - 1) / 10 ** (to - from - 21);
    if (!(fraction >= 0 && fraction < 1)) return Number.NaN;
  }
  const day = secondsOfDate(
    digits2(bytes, from) * 100 + digits2(bytes, from + 2),
    digits2(bytes, from + 5),
    digits2(bytes, from + 8),
  );
  return Math.floor((day + hour * 3600 + minute * 60 + second) * 1000 + fraction * 1000);
}

const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * A decimal number with point or comma. Exact: up to 2^53 the digits and the power of ten are both exact, so their
 * quotient is rounded once, as `Number()` rounds; longer or exponential ones go through `Number()` itself.
 */
export function numberAt(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  const negative = bytes[at] === 45;
  if (negative || bytes[at] === 43) at++;
  let mantissa = 0;
  let point = -1;
  const first = at;
  for (; at < to; at++) {
    const byte = bytes[at] ?? 0;
    const digit = byte - 48;
    if (digit >>> 0 <= 9) mantissa = mantissa * 10 + digit;
    else if ((byte === 46 || byte === 44) && point < 0) point = at;
    else return numberFromText(bytes, from, to);
  }
  const length = at - first - (point < 0 ? 0 : 1);
  if (length < 1 || length > 300) return numberFromText(bytes, from, to);
  if (mantissa > Number.MAX_SAFE_INTEGER) return numberFromText(bytes, from, to);
  const scale = point < 0 ? 1 : POWERS[to - point - 1];
  if (scale === undefined) return numberFromText(bytes, from, to);
  const value = mantissa / scale;
  return negative ? -value : value;
}

/** A place in bytes that moves on as they are read. */
export interface Cursor {
  at: number;
}

/**
 * {@link numberAt} of what stands between the cursor and the next `delimiter`, to which the cursor moves; `NaN` without
 * moving where there is none. Looks at each byte of a plain decimal number once.
 */
export function numberUntil(bytes: Uint8Array, cursor: Cursor, delimiter: number): number {
  const from = cursor.at;
  let at = from;
  const negative = bytes[at] === 45;
  if (negative) at++;
  const first = at;
  let mantissa = 0;
  let point = -1;
  for (; ; at++) {
    const byte = bytes[at] ?? 0;
    const digit = byte - 48;
    if (digit >>> 0 <= 9) mantissa = mantissa * 10 + digit;
    else if (byte === 46 && point < 0) point = at;
    else break;
  }
  const scale = point < 0 ? 1 : POWERS[at - point - 1];
  const digits = at - first - (point < 0 ? 0 : 1);
  const isPlain = bytes[at] === delimiter && digits > 0 && mantissa <= Number.MAX_SAFE_INTEGER;
  if (isPlain && scale !== undefined) {
    cursor.at = at;
    return negative ? -(mantissa / scale) : mantissa / scale;
  }
  const end = bytes.indexOf(delimiter, from);
  if (end < 0) return Number.NaN;
  cursor.at = end;
  return numberAt(bytes, from, end);
}

function numberFromText(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > 400) return Number.NaN;
  return parseNumber(String.fromCharCode(...bytes.subarray(from, to)));
}

/** A decimal number as an export may write it: point or comma, exponent; `NaN` for anything else. */
export function parseNumber(text: string): number {
  const trimmed = text.trim();
  if (!/^[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?$/.test(trimmed)) return Number.NaN;
  const value = Number(trimmed.replace(",", "."));
  return Number.isFinite(value) ? value : Number.NaN;
}

/**
 * Unix seconds of a date that does not have the usual shape: spaces around it, iOS 8's `20150616071916-0700`, or ISO
 * 8601 with an offset, or a clock of twelve hours. `NaN` when there is no offset or no such date.
 */
export function parseDate(text: string): number {
  const match =
    /^\s*(\d{4})-?(\d\d)-?(\d\d)[T ]?(\d\d):?(\d\d):?(\d\d)(?:[.,]\d+)? ?(?:([+-]\d\d):?(\d\d)|Z)\s*$/.exec(
      text,
    );
  if (match === null) return Math.floor(parseWrittenDate(text) ?? Number.NaN);
  const [, year, month, day, hour, minute, second, zoneHour = "+00", zoneMinute = "00"] = match;
  const usual = `${year}-${month}-${day} ${hour}:${minute}:${second} ${zoneHour}${zoneMinute}`;
  return dateAt(Buffer.from(usual, "latin1"), 0);
}
