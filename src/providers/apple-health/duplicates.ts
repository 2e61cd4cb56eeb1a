import type { Sport } from "../../model/index.ts";
import type { EpochSeconds } from "./dates.ts";
import { normalSource, workoutId } from "./identity.ts";
import { mapSport } from "./sports.ts";
import { parseNumber } from "./units.ts";
import type { WireWorkout } from "./wire.ts";

/** What is remembered of every workout in the file while each of them is compared with the others. */
export interface Session {
  readonly externalId: string;
  readonly family: string;
  readonly start: EpochSeconds;
  readonly end: EpochSeconds;
  /** Position in the file. */
  readonly index: number;
  /** Who wrote it, and under which name it rewrites it; null where it has none. */
  readonly syncKey: string | null;
  readonly syncVersion: number;
  readonly creation: EpochSeconds;
  /** How much it tells; compared from left to right. */
  readonly richness: readonly number[];
}

const ON_FOOT: ReadonlySet<Sport> = new Set(["running", "walking", "hiking"]);
const INDOOR_TRAINING: ReadonlySet<Sport> = new Set([
  "training",
  "fitness_equipment",
  "hiit",
  "mobility",
  "meditation",
  "dance",
]);

function familyOf(activityType: string | null): string {
  const sport = mapSport(activityType ?? "", { indoor: null, swimmingLocation: null, lapLength: false })?.[0];
  if (sport === undefined || sport === "generic") return activityType ?? "";
  return ON_FOOT.has(sport) ? "on foot" : INDOOR_TRAINING.has(sport) ? "training" : sport;
}

/** Sums a workout up. It must have a start. */
export function sessionOf(wire: WireWorkout, start: EpochSeconds, index: number): Session {
  const statistics = wire.statistics.length;
  const hasRoute = wire.routes.length > 0;
  const hasHeartRate = wire.statistics.some(({ type }) => type === "HKQuantityTypeIdentifierHeartRate");
  const hasAttributes = (wire.totalDistance ?? 0) > 0 || (wire.totalEnergyBurned ?? 0) > 0;
  const tier = hasRoute && hasHeartRate ? 3 : statistics > 0 ? 2 : hasAttributes || hasRoute ? 1 : 0;
  const syncId = wire.metadata.get("HKMetadataKeySyncIdentifier");
  const end = Math.max(start, wire.end ?? start);
  return {
    externalId: workoutId({ ...wire, start }),
    family: familyOf(wire.activityType),
    start,
    end,
    index,
    syncKey: syncId === undefined ? null : `${normalSource(wire.sourceName)}\n${syncId}`,
    syncVersion: parseNumber(wire.metadata.get("HKMetadataKeySyncVersion")) ?? 0,
    creation: wire.creation ?? 0,
    // An app that passes on what another recorded names no device.
    richness: [
      tier,
      hasRoute ? 1 : 0,
      hasHeartRate ? 1 : 0,
      wire.device === null ? 0 : 1,
      statistics,
      end - start,
    ],
  };
}

function compareRichness(a: Session, b: Session): number {
  for (let place = 0; place < a.richness.length; place++) {
    const difference = (a.richness[place] ?? 0) - (b.richness[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.externalId < b.externalId ? 1 : a.externalId > b.externalId ? -1 : 0;
}

/**
 * One session for each workout: HealthKit rewrites an object under the same sync identifier with a higher version, and
 * an export may hold both. Returned by start.
 */
export function withoutRewrites(sessions: readonly Session[]): Session[] {
  const ids = new Set<string>();
  const bySyncKey = new Map<string, Session[]>();
  return sessions
    .toSorted((a, b) => compareAge(b, a))
    .filter((session) => {
      const { externalId, syncKey } = session;
      if (ids.has(externalId)) return false;
      ids.add(externalId);
      if (syncKey === null) return true;
      let newer = bySyncKey.get(syncKey);
      if (newer === undefined) bySyncKey.set(syncKey, (newer = []));
      return addApart(newer, session);
    })
    .sort((a, b) => a.start - b.start || (a.externalId < b.externalId ? -1 : 1));
}

/**
 * Adds a session to others, by start, none of which reaches into another's time; not one that reaches into theirs. An app that names
 * all its workouts alike has not rewritten them.
 */
function addApart(others: Session[], session: Session): boolean {
  let from = 0;
  for (let to = others.length; from < to;) {
    const middle = (from + to) >>> 1;
    if ((others[middle]?.start ?? 0) < session.start) from = middle + 1;
    else to = middle;
  }
  const [before, after] = [others[from - 1], others[from]];
  if (before !== undefined && before.end > session.start) return false;
  if (after !== undefined && (after.start === session.start || session.end > after.start)) return false;
  others.splice(from, 0, session);
  return true;
}

function compareAge(a: Session, b: Session): number {
  return a.syncVersion - b.syncVersion || a.creation - b.creation || compareRichness(a, b);
}

/**
 * The sessions that are likely a poorer copy of another one, by another app or device: of one family of sports, 80 %
 * of the shorter one in common, and starts within two minutes (or one within the other). Poorer → richer `externalId`.
 * `sessions` by start, as {@link withoutRewrites} gives them.
 */
export function possibleDuplicates(sessions: readonly Session[]): Map<string, string> {
  // Two passes over the pairs, since all of them may be more than fits into memory.
  const groups = new Groups();
  eachPair(sessions, (a, b) => groups.unite(a, b));
  const richer = new Map<Session, Session>();
  eachPair(sessions, (a, b) => {
    const [poor, rich] = groups.compare(a, b) < 0 ? [a, b] : [b, a];
    const other = richer.get(poor);
    if (other === undefined || groups.compare(rich, other) > 0) richer.set(poor, rich);
  });
  return new Map([...richer].map(([poor, rich]) => [poor.externalId, rich.externalId]));
}

/** Every two that are likely one session; `sessions` by start. */
function eachPair(sessions: readonly Session[], visit: (a: Session, b: Session) => void): void {
  // Those that may still reach into what comes next.
  let running: Session[] = [];
  for (const session of sessions) {
    running = running.filter((other) => other.end >= session.start);
    for (const other of running) if (isSameSession(other, session)) visit(other, session);
    running.push(session);
  }
}

/** Sessions that hang together as copies. One order holds for all of a group, or each might be the copy of another. */
class Groups {
  /** Towards the one that stands for the group. */
  readonly #parent = new Map<Session, Session>();
  /** Of the longest session of a group, by the one that stands for it. */
  readonly #longest = new Map<Session, number>();

  unite(a: Session, b: Session): void {
    const [one, other] = [this.#rootOf(a), this.#rootOf(b)];
    if (one === other) return;
    this.#longest.set(one, Math.max(this.#longestOf(one), this.#longestOf(other)));
    this.#parent.set(other, one);
  }

  /** A fragment is a copy of the whole, however much it tells: its numbers are not those of the session. */
  compare(a: Session, b: Session): number {
    const least = this.#longestOf(this.#rootOf(a)) / 2;
    const isWhole = ({ start, end }: Session): number => (end - start >= least ? 1 : 0);
    return isWhole(a) - isWhole(b) || compareRichness(a, b);
  }

  #rootOf(session: Session): Session {
    let root = session;
    for (let up = this.#parent.get(root); up !== undefined; up = this.#parent.get(root)) root = up;
    // The next one has one step to go.
    if (root !== session) this.#parent.set(session, root);
    return root;
  }

  #longestOf(root: Session): number {
    return this.#longest.get(root) ?? root.end - root.start;
  }
}

function isSameSession(a: Session, b: Session): boolean {
  if (a.family !== b.family) return false;
  const shorter = Math.min(a.end - a.start, b.end - b.start);
  const common = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  if (common < 0 || common < shorter * 0.8) return false;
  const inside = common === shorter;
  return Math.abs(a.start - b.start) <= (inside ? Math.max(120, shorter) : 120);
}
