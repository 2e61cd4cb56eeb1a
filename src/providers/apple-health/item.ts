import type { Item, PackedPayload, RawPayload } from "../../model/index.ts";
import type { Damage, RouteBytes, RoutePoints } from "./elements.ts";
import { joinRecords } from "./join.ts";
import type { RecordTable, Slice } from "./join.ts";
import { mapWorkout, windowOf } from "./map.ts";
import type { Oddity } from "./map.ts";
import type { Window } from "./readings.ts";
import { formatRecords } from "./records.ts";
import { readLocations, readRoute } from "./routes.ts";
import { trackOf } from "./samples.ts";
import type { WireRoute, WireWorkout } from "./wire.ts";

/** A route file's content, under the name by which the workout refers to it. */
export interface NamedRoute extends RouteBytes {
  readonly reference: string;
  /** Of `bytes`, where they are to be kept as `deflated`. */
  readonly sha256?: Buffer;
}

/** Everything from which an item is made. */
export interface ItemParts {
  /** The `<Workout>` element. */
  readonly bytes: Buffer;
  /** The same, read. */
  readonly wire: WireWorkout;
  /** The records in the workout's time, and the table they are of. */
  readonly slices: readonly Slice[];
  readonly table: RecordTable;
  readonly routes: readonly NamedRoute[];
  readonly timezone: string | undefined;
  readonly possibleDuplicateOf: string | undefined;
}

/** An oddity that may have cost something. */
export interface ItemOddity extends Oddity {
  readonly loss: boolean;
}

/** One workout with its raw payloads. The same for an import and for running the mapping again later. */
export function buildItem(parts: ItemParts): {
  readonly item: Item;
  readonly oddities: readonly ItemOddity[];
} {
  const { wire, slices, table, routes } = parts;
  const window = windowOf(wire);
  const files = routes.map((route) => ({ ...route, points: readRoute(route.bytes) }));
  const locations = readLocations(parts.bytes);
  const { activity, oddities } = mapWorkout({
    wire,
    joined: joinRecords(slices, table, window, wire),
    track: trackOf([locations, ...pointsInOrder(wire.routes, files)], window),
    timezone: parts.timezone,
    possibleDuplicateOf: parts.possibleDuplicateOf,
  });
  return {
    item: { activity, raw: rawOf(parts) },
    oddities: [
      ...oddities.map((oddity) => ({ loss: false, ...oddity })),
      ...[...wire.unreadable].map((what) => ({
        code: "unreadable-value",
        message: `${what} cannot be read`,
        loss: true,
      })),
      ...damageOddities("Location", locations.damage),
      ...routeOddities(wire.routes, files, window),
    ],
  };
}

interface PointsOfFile extends NamedRoute {
  readonly points: RoutePoints;
}

/** The order of the parts' time, so that nothing hangs on the order in the file. */
function byTime(routes: readonly WireRoute[]): WireRoute[] {
  return routes.toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0) || (firstPath(a) < firstPath(b) ? -1 : 1));
}

function firstPath({ paths }: WireRoute): string {
  const [first = ""] = paths;
  return first;
}

function pointsInOrder(routes: readonly WireRoute[], files: readonly PointsOfFile[]): RoutePoints[] {
  const paths = new Set(byTime(routes).flatMap(({ paths }) => [...paths]));
  const byPath = pointsByPath(files);
  return [...paths].flatMap((path) => byPath.get(path) ?? []);
}

/** Two entries of one name are two files. */
function pointsByPath(files: readonly PointsOfFile[]): Map<string, RoutePoints[]> {
  const byPath = new Map<string, RoutePoints[]>();
  for (const { reference, points } of files) {
    const list = byPath.get(reference);
    if (list === undefined) byPath.set(reference, [points]);
    else list.push(points);
  }
  return byPath;
}

function damageOddities(where: string, damage: readonly Damage[]): ItemOddity[] {
  return damage.map(({ code, message, offset, loss }) => ({
    code,
    message: `${where}: ${message}, at byte ${offset}`,
    loss,
  }));
}

function routeOddities(
  routes: readonly WireRoute[],
  files: readonly PointsOfFile[],
  window: Window,
): ItemOddity[] {
  const oddities: ItemOddity[] = [];
  for (const { reference, points, damage } of files) {
    oddities.push(...damageOddities(reference, [...damage, ...points.damage]));
    if (points.length === 0 && damage.length + points.damage.length === 0) {
      oddities.push({ code: "route-empty", message: `${reference} has no points`, loss: false });
    }
  }
  for (const { reference, points } of files) {
    let untimed = 0;
    for (let index = 0; index < points.length; index++) if (Number.isNaN(points.time[index])) untimed++;
    if (untimed === 0) continue;
    const message = `${reference} has points without a time, which cannot be placed: ${untimed}`;
    oddities.push({ code: "route-untimed", message, loss: true });
  }
  for (const route of routes) {
    const own = files.filter(({ reference, points }) => route.paths.has(reference) && points.length > 0);
    if (own.length === 0) continue;
    // Two parts that end in the same minute get one file name, and only one of them survives the export.
    const start = route.start ?? window.start;
    const end = route.end ?? window.end + 60;
    const isThere = own.some(({ points }) =>
      points.time.some((ms) => ms / 1000 >= start - 1 && ms / 1000 < Math.max(end, start + 1)),
    );
    if (!isThere) {
      const message = `${own[0]?.reference ?? ""} has no point of the time for which it is named`;
      oddities.push({ code: "route-part-missing", message, loss: true });
    }
  }
  return oddities;
}

function rawOf({ bytes, slices, table, routes }: ItemParts): (RawPayload | PackedPayload)[] {
  const raw: (RawPayload | PackedPayload)[] = [{ kind: "workout", mediaType: "application/xml", bytes }];
  const seen = new Map<string, number>();
  for (const { reference, bytes, deflated, sha256 } of routes) {
    // Two entries of one name are two files.
    const count = (seen.get(reference) ?? 0) + 1;
    seen.set(reference, count);
    const kind = `route:${reference}${count > 1 ? `#${count}` : ""}`;
    const mediaType = "application/gpx+xml";
    raw.push(
      deflated === undefined || sha256 === undefined
        ? { kind, mediaType, bytes }
        : { kind, mediaType, deflated, sha256, length: bytes.length },
    );
  }
  if (slices.length > 0) {
    raw.push({
      kind: "records",
      mediaType: "text/tab-separated-values",
      bytes: formatRecords(slices, table),
    });
  }
  return raw;
}

/** The reference in a raw payload's kind, as {@link buildItem} writes it; null for a payload of another kind. */
export function routeReference(kind: string): string | null {
  return kind.startsWith("route:") ? kind.slice("route:".length).replace(/#\d+$/, "") : null;
}
