/** Unix milliseconds, UTC. */
export type EpochMs = number;

/** `2026-11-18T05:42:10.000Z`: how every instant is written in the database and in JSON. */
export function isoInstant(ms: EpochMs): string {
  return new Date(ms).toISOString();
}

/**
 * The Unix milliseconds of a stored time. A local text without zone is read as if it were UTC, so that samples and
 * order have a place to hang on; whoever shows it must know from `utcOffsetS` that it is local.
 */
export function epochMs(iso: string): EpochMs {
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(iso) ? iso : `${iso}Z`);
}

/** Whether a stored time is an instant (ends in `Z`) and not a local text of unknown zone. */
export function isInstant(iso: string): boolean {
  return iso.endsWith("Z");
}

/** An instant within an activity, written as its `startTime` is: without `Z` where the zone of a local time is unknown. */
export function instantWithin(startTime: string, ms: EpochMs): string {
  const instant = isoInstant(ms);
  return isInstant(startTime) ? instant : instant.slice(0, -1);
}

/**
 * `2026-11-18T06:42:10.000`: the wall clock where it happened, or null when neither offset nor local text is known.
 */
export function localTime(startTime: string, utcOffsetS: number | null): string | null {
  if (utcOffsetS === null) {
    return isInstant(startTime) ? null : isoInstant(epochMs(startTime)).slice(0, -1);
  }
  const clock = sameDayClock(startTime, utcOffsetS);
  if (clock !== null) return startTime.slice(0, 11) + (clock + startTime.slice(16, 23));
  return isoInstant(epochMs(startTime) + utcOffsetS * 1000).slice(0, -1);
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));

/**
 * `06:42`: the clock at an instant where local date and UTC date are the same, so that nothing but hours and minutes changes and a
 * list of ten thousand is spared as many `Date`s. Null where the long way must be gone.
 */
export function sameDayClock(startTime: string, utcOffsetS: number): string | null {
  if (startTime.length !== 24 || !isInstant(startTime) || utcOffsetS % 60 !== 0) return null;
  const minutes = Number(startTime.slice(11, 13)) * 60 + Number(startTime.slice(14, 16)) + utcOffsetS / 60;
  // Written so that `NaN` goes the long way.
  if (!(minutes >= 0 && minutes < 1440)) return null;
  return `${TWO_DIGITS[Math.floor(minutes / 60)] ?? ""}:${TWO_DIGITS[minutes % 60] ?? ""}`;
}

const zoneFormats = new Map<string, Intl.DateTimeFormat | null>();

function zoneFormat(timezone: string): Intl.DateTimeFormat | null {
  let format = zoneFormats.get(timezone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat("en-US", {
        timeZone: timezone,
        calendar: "iso8601",
        numberingSystem: "latn",
        hourCycle: "h23",
        era: "short",
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
      });
    } catch {
      format = null;
    }
    zoneFormats.set(timezone, format);
  }
  return format;
}

/** Whether the runtime's time zone database knows this IANA name. */
export function isTimezone(timezone: string): boolean {
  return zoneFormat(timezone) !== null;
}

/**
 * The name as the time zone database writes it, whatever its capitals: `europe/berlin` is `Europe/Berlin`. An older name
 * (`Asia/Kathmandu`) stays the one that was given. Null for an unknown zone.
 */
export function timezoneName(timezone: string): string | null {
  if (!isTimezone(timezone)) return null;
  const lower = timezone.toLowerCase();
  return Intl.supportedValuesOf("timeZone").find((name) => name.toLowerCase() === lower) ?? timezone;
}

/** Seconds that a zone's wall clock is ahead of UTC at an instant; null for an unknown zone. */
export function offsetAt(timezone: string, ms: EpochMs): number | null {
  const format = zoneFormat(timezone);
  if (format === null) return null;
  const parts: Record<string, number> = {};
  for (const part of format.formatToParts(ms)) {
    if (part.type !== "literal" && part.type !== "era") parts[part.type] = Number(part.value);
  }
  const wall = Date.UTC(
    parts["year"] ?? Number.NaN,
    (parts["month"] ?? Number.NaN) - 1,
    parts["day"],
    parts["hour"],
    parts["minute"],
    parts["second"],
  );
  return Math.round((wall - Math.floor(ms / 1000) * 1000) / 1000);
}
