import { readTcx, tcxTrackpoints, type TcxFile } from "../../formats/tcx-reader.ts";
import { type EpochMs, type SampleRow, type Samples, samplesFromRows } from "../../model/index.ts";
import { parseHeartRates } from "./wire.ts";

/** A TCX export as far as it can be read. */
export interface Route {
  /** Undefined for an empty or unreadable export: that is no route, and no error. */
  readonly file: TcxFile | undefined;
  /** Trackpoints with a position. */
  readonly positions: number;
  /** What was wrong with it, if anything. */
  readonly damage: string | null;
}

/** Reads a TCX export; undefined bytes are no export. */
export function readRoute(tcx: Uint8Array | undefined): Route {
  if (tcx === undefined || tcx.length === 0) return { file: undefined, positions: 0, damage: null };
  try {
    const file = readTcx(tcx);
    let positions = 0;
    for (const activity of file.activities) {
      for (const point of tcxTrackpoints(activity)) if (hasPosition(point)) positions++;
    }
    return { file, positions, damage: file.damage };
  } catch (error) {
    const damage = error instanceof Error ? error.message : "unreadable";
    return { file: undefined, positions: 0, damage };
  }
}

/** The heart-rate list united with the TCX, within [start, end). */
export function samplesOf(
  heartRates: readonly Uint8Array[],
  tcx: TcxFile | undefined,
  start: EpochMs,
  end: EpochMs | undefined,
): Samples {
  const list = heartRates.flatMap((page) => parseHeartRates(page));
  // Where two sources measured the same instant, the person's own device is believed: earlier rows win.
  const rows: SampleRow[] = [...list.filter((row) => row.own), ...list.filter((row) => !row.own)].map(
    ({ timestamp, heartRate }) => ({ timestamp, heartRate }),
  );
  let last = 0;
  let before = 0;
  for (const activity of tcx?.activities ?? []) {
    for (const point of tcxTrackpoints(activity)) {
      const { timestamp, positionLat, positionLong, altitude, heartRate, speed } = point;
      let distance: number | undefined;
      if (point.distance !== null && point.distance !== undefined) {
        // The counter may start again in the middle of a file, and it jitters: only a real drop is a new start.
        if (point.distance < (last - before) / 2) before = last;
        last = Math.max(last, before + point.distance);
        distance = last;
      }
      const position = hasPosition(point) ? { positionLat, positionLong } : {};
      rows.push({ timestamp, ...position, altitude, heartRate, speed, distance });
    }
  }
  return samplesFromRows(
    rows.filter(({ timestamp }) => timestamp >= start && (end === undefined || timestamp < end)),
  );
}

function hasPosition(point: SampleRow): boolean {
  const { positionLat: lat, positionLong: long } = point;
  if (lat === null || lat === undefined || long === null || long === undefined) return false;
  return Math.abs(lat) <= 90 && Math.abs(long) <= 180;
}
