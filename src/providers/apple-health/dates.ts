import { isTimezone, offsetAt } from "../../model/index.ts";

/** Unix seconds, UTC. */
export type EpochSeconds = number;

// `2024-01-02 07:03:11 +0100`; the variations are what other writers and 12-hour clocks make of it.
const DATE =
  /^\s*(\d{4})-(\d\d)-(\d\d)[T\s]+(\d\d?):(\d\d)(?::(\d\d(?:[.,]\d+)?))?\s*(AM|PM)?\s*(Z|[+-]\d\d:?\d\d)\s*$/i;

// iOS 8: `20150616071916-0700`.
const COMPACT_DATE = /^\s*(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)()(Z|[+-]\d{4})\s*$/i;

/**
 * The instant of a HealthKit date; null for anything that is not a date with an offset. The offset is the phone's at
 * the time of the export, the same for every date in a file: it makes the instant right, and says nothing about where
 * or in which season the thing happened.
 */
export function parseDate(text: string | null | undefined): EpochSeconds | null {
  if (text === null || text === undefined) return null;
  const match = DATE.exec(text) ?? COMPACT_DATE.exec(text);
  if (match === null) return null;
  const [, year, month, day, hourText, minute, second = "0", half, zone = ""] = match;
  let hour = Number(hourText);
  if (half !== undefined && half !== "") {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (half.toUpperCase() === "PM" ? 12 : 0);
  }
  const seconds = Number(second.replace(",", "."));
  // Before 1900 it is no date of a training but `NSDate.distantPast`.
  if (Number(year) < 1900 || hour > 23 || Number(minute) > 59 || seconds >= 61) return null;
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const date = new Date(midnight);
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null;
  const offset = parseOffset(zone);
  if (offset === null) return null;
  return midnight / 1000 + hour * 3600 + Number(minute) * 60 + seconds - offset;
}

function parseOffset(text: string): number | null {
  if (text.toUpperCase() === "Z") return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(-2));
  if (hours > 15 || minutes > 59) return null;
  return (text.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** Where something happened, as far as anyone says. */
export interface Place {
  /** IANA name. */
  readonly timezone: string | null;
  readonly utcOffsetS: number | null;
}

/**
 * The zone that a workout names in `HKTimeZone`; null for a name that nobody knows. Foundation also has zones that are
 * a bare offset (`GMT+0530`): those give the offset and no name, up to Foundation's own
 * limit of 18 hours.
 */
export function placeOf(zone: string, atMs: number): Place | null {
  const fixed = /^(?:GMT|UTC)([+-])(\d{1,2}):?(\d\d)?$/.exec(zone);
  if (fixed !== null) {
    const seconds = Number(fixed[2]) * 3600 + Number(fixed[3] ?? 0) * 60;
    if (seconds > 18 * 3600 || Number(fixed[3] ?? 0) > 59) return null;
    return { timezone: null, utcOffsetS: fixed[1] === "-" && seconds > 0 ? -seconds : seconds };
  }
  // Newer runtimes take `+05:30` for a zone and older ones do not: the answer must not depend on that.
  if (!/^[A-Za-z]/.test(zone) || !isTimezone(zone)) return null;
  return { timezone: zone, utcOffsetS: offsetAt(zone, atMs) };
}
