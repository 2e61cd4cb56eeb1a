/**
 * What passes between the byte level (`archive`, `reader`, `routes`) and the meaning (`wire`, `map`, `join`).
 * Nothing here knows units, zones or sports.
 */

/** The record types that are worth keeping for the time of a workout; everything else is skipped as bytes. */
export const RECORD_TYPES = [
  "HKQuantityTypeIdentifierHeartRate",
  "HKQuantityTypeIdentifierRunningSpeed",
  "HKQuantityTypeIdentifierRunningPower",
  "HKQuantityTypeIdentifierCyclingSpeed",
  "HKQuantityTypeIdentifierCyclingPower",
  "HKQuantityTypeIdentifierCyclingCadence",
  "HKQuantityTypeIdentifierRowingSpeed",
  "HKQuantityTypeIdentifierPaddleSportsSpeed",
  "HKQuantityTypeIdentifierCrossCountrySkiingSpeed",
] as const;

export type RecordType = (typeof RECORD_TYPES)[number];

/** One type's records in file order, in growing columns; 1.3 million heart rates are some 20 MB. */
export interface RecordColumn {
  readonly length: number;
  /** Unix seconds of `startDate`. */
  start(index: number): number;
  /** Unix seconds of `endDate`; equal to `start` for a point. */
  end(index: number): number;
  /** As written, in `unit`. */
  value(index: number): number;
  /** Index into `Scan.sources`. */
  source(index: number): number;
  /** Index into `Scan.units`. */
  unit(index: number): number;
  /**
   * Says that no record with an earlier start will be asked for. What is let go by that has a start of −Infinity from then on, so
   * that an order by start stays one.
   */
  forget?(before: number): void;
}

/** Who wrote a record, interned over the whole file. */
export interface RecordSource {
  /** Unescaped, as in the file. */
  readonly name: string;
  /** The `device` attribute, unescaped; empty when absent. */
  readonly device: string;
}

/** A complete element, byte for byte, with its place in the file. */
export interface ElementBytes {
  readonly bytes: Buffer;
  readonly offset: number;
}

/** Something that could not be read. Reading went on behind it. */
export interface Damage {
  /** Kebab-case, becomes the warning's code. */
  readonly code: string;
  /** In words, without the offset. */
  readonly message: string;
  /** Byte offset in the plain XML (or GPX). */
  readonly offset: number;
  /** Whether something of the file was lost by it. */
  readonly loss: boolean;
}

/** One pass over the main XML. */
export interface Scan {
  readonly records: ReadonlyMap<RecordType, RecordColumn>;
  readonly sources: readonly RecordSource[];
  readonly units: readonly string[];
  /** Every complete `<Workout …>` outside other elements, in file order. */
  readonly workouts: readonly ElementBytes[];
  readonly damage: readonly Damage[];
  /** `HealthData`'s `locale`, `ExportDate`'s `value`; null when absent. */
  readonly locale: string | null;
  readonly exportDate: string | null;
  /** Plain bytes read, elements of any kind seen. */
  readonly bytes: number;
  readonly elements: number;
}

/** The points of one route file or one `WorkoutRoute`, in file order, by column; NaN is missing. */
export interface RoutePoints {
  readonly length: number;
  /** Unix milliseconds. */
  readonly time: Float64Array;
  readonly latitude: Float64Array;
  readonly longitude: Float64Array;
  /** Metres. */
  readonly altitude: Float64Array;
  /** m/s; negative is unknown. */
  readonly speed: Float64Array;
  readonly damage: readonly Damage[];
}

/** A route file of the export. */
export interface RouteFile {
  /** As the container names it. */
  readonly path: string;
  /** Its plain bytes as far as they can be had. Throws `InputError` when there are none at all. */
  read(): Promise<RouteBytes>;
}

/** The content of a route file. */
export interface RouteBytes {
  readonly bytes: Buffer;
  /** Its raw deflate stream, when the container holds it that way and both were found whole. */
  readonly deflated?: Buffer;
  /** What is wrong with the container at this file: a cut archive, a wrong checksum. */
  readonly damage: readonly Damage[];
}

/** A reading of the main XML that goes on behind damage in its compressed data. */
export interface ReadingAround {
  /** Zero bytes stand for what is lost. */
  readonly content: AsyncIterable<Buffer>;
  /** Whether it has gone on behind any damage; known at the end. Then the `damage` of the files is that of this reading. */
  readonly wentOn: boolean;
}

/** An opened export: zip, folder or bare XML. */
export interface ExportFiles {
  /** The main XML. May be iterated once. */
  readonly main: AsyncIterable<Buffer>;
  readonly mainPath: string;
  /** Plain size of the main XML, where the container tells it truly. */
  readonly mainBytes: number | undefined;
  /** The route files that a `FileReference` means: beside the main XML, else by base name. Two entries of one name are two. */
  routes(reference: string): readonly RouteFile[];
  /** How many route files there are at all. */
  readonly routeCount: number;
  /** What was wrong with the container itself; complete once `main` has been read. */
  readonly damage: readonly Damage[];
  /** Once `main` has been read: a further reading of it, when its compressed data are damaged. */
  around?(): ReadingAround | undefined;
  close(): Promise<void>;
}
