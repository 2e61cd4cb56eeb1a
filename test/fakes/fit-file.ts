import { Encoder } from "@garmin/fitsdk";
import { FIT_MESSAGE } from "../../src/formats/fit-messages.ts";

/** What a small but complete FIT activity is made of. Positions in degrees, one second apart, from the start. */
export interface FitFileSpec {
  /** Unix milliseconds, whole seconds. */
  readonly startMs: number;
  readonly timerSeconds: number;
  readonly elapsedSeconds?: number;
  /** Lengths of the laps in seconds. */
  readonly laps?: readonly number[];
  readonly positions?: readonly (readonly [lat: number, long: number])[];
  readonly heartRates?: readonly number[];
  readonly ascent?: number;
}

/** Encodes a FIT activity file as a watch would write it. */
export function fitFile(spec: FitFileSpec): Buffer {
  const encoder = new Encoder();
  const at = (seconds: number): Date => new Date(spec.startMs + seconds * 1000);
  const elapsed = spec.elapsedSeconds ?? spec.timerSeconds;
  const semicircles = (degrees: number): number => Math.round((degrees * 2 ** 31) / 180);
  const write = (mesgNum: number, fields: object): void => void encoder.onMesg(mesgNum, fields);
  write(FIT_MESSAGE.FILE_ID, {
    type: "activity",
    manufacturer: "polarElectro",
    product: 1,
    timeCreated: at(0),
  });
  const count = Math.max(spec.positions?.length ?? 0, spec.heartRates?.length ?? 0);
  for (let second = 0; second < count; second++) {
    const position = spec.positions?.[second];
    const heartRate = spec.heartRates?.[second];
    write(FIT_MESSAGE.RECORD, {
      timestamp: at(second),
      ...(position === undefined
        ? {}
        : { positionLat: semicircles(position[0]), positionLong: semicircles(position[1]) }),
      ...(heartRate === undefined ? {} : { heartRate }),
    });
  }
  let begun = 0;
  for (const [index, seconds] of (spec.laps ?? []).entries()) {
    write(FIT_MESSAGE.LAP, {
      messageIndex: index,
      startTime: at(begun),
      timestamp: at(begun + seconds),
      totalElapsedTime: seconds,
      totalTimerTime: seconds,
      lapTrigger: "manual",
      intensity: "active",
    });
    begun += seconds;
  }
  write(FIT_MESSAGE.SESSION, {
    messageIndex: 0,
    startTime: at(0),
    timestamp: at(elapsed),
    totalElapsedTime: elapsed,
    totalTimerTime: spec.timerSeconds,
    sport: "running",
    ...(spec.ascent === undefined ? {} : { totalAscent: spec.ascent }),
  });
  write(FIT_MESSAGE.ACTIVITY, { timestamp: at(elapsed), numSessions: 1, totalTimerTime: spec.timerSeconds });
  return Buffer.from(encoder.close());
}
