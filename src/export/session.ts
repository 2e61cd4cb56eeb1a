import {
  type Activity,
  epochMs,
  type Lap,
  type Pause,
  type SampleField,
  type Samples,
} from "../model/index.ts";

/** When a session ran, Unix milliseconds, and its clocks in seconds; null where nothing tells. */
export interface SessionSpan {
  readonly start: number;
  readonly end: number;
  readonly elapsed: number | null;
  /** The source's timer; where it gives none, elapsed less the recorded pauses. */
  readonly timer: number | null;
}

/** The span of an activity: as its clocks say, else as far as its samples and laps reach. */
export function sessionSpan(activity: Activity): SessionSpan {
  const start = epochMs(activity.startTime);
  const { timestamp } = activity.samples;
  const known = activity.totalElapsedTime;
  const end =
    known === null
      ? Math.max(
          start + (activity.totalTimerTime ?? 0) * 1000,
          timestamp.at(-1) ?? start,
          ...activity.laps.map((lap) =>
            lap.startTime === null ? start : epochMs(lap.startTime) + (lap.totalElapsedTime ?? 0) * 1000,
          ),
        )
      : start + known * 1000;
  const elapsed = known ?? (end > start ? (end - start) / 1000 : null);
  const timer =
    activity.totalTimerTime ??
    (elapsed === null ? null : elapsed - pausedSeconds(activity.pauses, start, end));
  return { start, end, elapsed, timer };
}

/** The sport in FIT's words, the finer one behind a slash: `running/trail`. */
export function sportWords({ sport, subSport }: Activity): string {
  return subSport === null ? sport : `${sport}/${subSport}`;
}

/** A lap with its place in time, Unix milliseconds; null for time that is in no recorded lap. */
export interface LapSpan {
  readonly lap: Lap | null;
  readonly start: number;
  readonly end: number;
}

/**
 * The recorded laps, or one span of the whole session where none are recorded or one does not tell when it began: a file
 * needs at least one.
 */
export function lapSpans(activity: Activity): LapSpan[] {
  const { start, end } = sessionSpan(activity);
  const starts = activity.laps.map((lap) => (lap.startTime === null ? Number.NaN : epochMs(lap.startTime)));
  const ascending = starts.every((time, index) => index === 0 || time > (starts[index - 1] ?? Number.NaN));
  if (starts.length === 0 || starts.some((time) => Number.isNaN(time)) || !ascending) {
    return [{ lap: activity.laps.length === 1 ? (activity.laps[0] ?? null) : null, start, end }];
  }
  return activity.laps.map((lap, index) => {
    const from = starts[index] ?? start;
    const until = starts[index + 1] ?? Math.max(end, from);
    // Between the end of a lap and the next there may be a rest that belongs to neither.
    const own = lap.totalElapsedTime === null ? until : Math.min(until, from + lap.totalElapsedTime * 1000);
    return { lap, start: from, end: own };
  });
}

/** The totals of the session are those of the span: it is all of it, but for a second that may be lost in rounding. */
export function isWholeSession(span: LapSpan, activity: Activity): boolean {
  const { start, end } = sessionSpan(activity);
  return Math.abs(span.start - start) <= 1000 && Math.abs(span.end - end) <= 1000;
}

/** {@link lapSpans} with what comes before the first and after the last, for a format that knows laps and no session. */
export function coveringSpans(activity: Activity): LapSpan[] {
  const { start, end } = sessionSpan(activity);
  const spans = lapSpans(activity);
  const first = spans[0]?.start ?? end;
  const last = spans.at(-1)?.end ?? end;
  return [
    ...(first - start > 1000 ? [{ lap: null, start, end: first }] : []),
    ...spans,
    ...(end - last > 1000 ? [{ lap: null, start: last, end }] : []),
  ];
}

/** Seconds of pause between two instants. */
export function pausedSeconds(pauses: readonly Pause[], from: number, to: number): number {
  let paused = 0;
  for (const { start, end } of pauses) paused += Math.max(0, Math.min(end, to) - Math.max(start, from));
  return paused / 1000;
}

/** One value of a column, undefined where it is missing. */
export function valueAt(samples: Samples, field: SampleField, index: number): number | undefined {
  const value = samples[field]?.[index];
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

/** One pool length. */
export interface Length {
  readonly start: number;
  /** Seconds. */
  readonly elapsed: number;
  /** FIT's `swim_stroke` as its word in snake_case, or null. */
  readonly stroke: string | null;
  readonly strokes: number | null;
}

/** The pool of a swim: its length in metres, and its lengths where the source recorded them one by one. */
export interface Pool {
  readonly metres: number;
  readonly lengths: readonly Length[];
  /** The recorded laps are the lengths. */
  readonly lapsAreLengths: boolean;
}

/** HealthKit's `HKSwimmingStrokeStyle`, from 1 on; a kickboard is a drill. */
const APPLE_STROKES = ["mixed", "freestyle", "backstroke", "breaststroke", "butterfly", "drill"];

/**
 * The pool of an indoor swim, or null. A file's own lengths are in `extra.lengths`. Apple records each length as a lap
 * (`HKLapLength` is the pool's) and the strokes lap by lap; other sources do so where there are as many laps as the
 * distance has pool lengths.
 */
export function poolOf(activity: Activity): Pool | null {
  if (activity.subSport !== "lap_swimming") return null;
  const { laps, totalDistance, extra } = activity;
  const millimetres = extra["poolLengthMillimeters"];
  const metres = [extra["pool_length"], extra["HKLapLength"], Number(millimetres ?? Number.NaN) / 1000].find(
    (value): value is number => typeof value === "number" && value > 0 && value < 655,
  );
  if (metres === undefined) return null;
  const own = extra["lengths"];
  if (Array.isArray(own)) {
    return { metres, lengths: own.flatMap((length) => lengthOf(length) ?? []), lapsAreLengths: false };
  }
  const spans = lapSpans(activity);
  const lapsAreLengths =
    laps.length > 0 &&
    spans.length === laps.length &&
    (laps.every((lap) => lap.totalDistance === metres) ||
      (totalDistance !== null && Math.abs(totalDistance / metres - laps.length) < 0.5));
  if (!lapsAreLengths) return { metres, lengths: [], lapsAreLengths };
  const styles = extra["HKSwimmingStrokeStyle"];
  const lengths = spans.map(({ start, end }, index) => {
    const style: unknown = Array.isArray(styles) ? styles[index] : undefined;
    const stroke = typeof style === "number" ? (APPLE_STROKES[style - 1] ?? null) : null;
    return { start, elapsed: (end - start) / 1000, stroke, strokes: null };
  });
  return { metres, lengths, lapsAreLengths };
}

function lengthOf(value: unknown): Length | null {
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  const start = typeof fields["start_time"] === "string" ? epochMs(fields["start_time"]) : Number.NaN;
  const elapsed = fields["total_elapsed_time"];
  if (Number.isNaN(start) || typeof elapsed !== "number") return null;
  const stroke = fields["swim_stroke"];
  const strokes = fields["total_strokes"];
  return {
    start,
    elapsed,
    stroke: typeof stroke === "string" ? stroke : null,
    strokes: typeof strokes === "number" ? strokes : null,
  };
}
