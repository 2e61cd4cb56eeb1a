import { holesOf } from "../../model/index.ts";

/** Holes longer than this in one source's readings are filled from the next one (seconds). */
export const GAP = 30;

/** The time in which a workout's records lie, both ends included, Unix seconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** Values over time, one a second. */
export interface Readings {
  /** Unix seconds, whole, strictly ascending. */
  readonly time: Float64Array;
  readonly value: Float64Array;
}

/** One source's readings in a workout. */
export interface Candidate {
  /** Tells sources apart and orders them, the same in every export. */
  readonly key: string;
  /** How well the source fits the workout's own: 2 by name, 1 by hardware, 0 not. */
  readonly affinity: number;
  readonly readings: Readings;
}

/** Collects one source's records, mostly in order, and keeps one for each second. */
export class ReadingList {
  #second = new Float64Array(256);
  #value = new Float64Array(256);
  #duration = new Float64Array(256);
  #length = 0;
  #inOrder = true;

  add(start: number, duration: number, value: number): void {
    const second = Math.floor(start);
    const last = this.#length - 1;
    if (last >= 0) {
      const before = this.#second[last] ?? Number.NaN;
      if (before === second) {
        // Of two values of one second the one over the shorter time, then the smaller: whatever their order was.
        const difference = duration - (this.#duration[last] ?? 0) || value - (this.#value[last] ?? 0);
        if (difference >= 0) return;
        this.#value[last] = value;
        this.#duration[last] = duration;
        return;
      }
      if (second < before) this.#inOrder = false;
    }
    if (this.#length === this.#second.length) this.#grow();
    const at = this.#length++;
    this.#second[at] = second;
    this.#value[at] = value;
    this.#duration[at] = duration;
  }

  finish(): Readings {
    if (!this.#inOrder) this.#sort();
    return { time: this.#second.slice(0, this.#length), value: this.#value.slice(0, this.#length) };
  }

  #grow(): void {
    const grown = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(column.length * 2);
      larger.set(column);
      return larger;
    };
    this.#second = grown(this.#second);
    this.#value = grown(this.#value);
    this.#duration = grown(this.#duration);
  }

  #sort(): void {
    const rows = Array.from(this.#second.subarray(0, this.#length), (second, index) => ({
      second,
      value: this.#value[index] ?? Number.NaN,
      duration: this.#duration[index] ?? 0,
    }));
    rows.sort((a, b) => a.second - b.second);
    this.#length = 0;
    for (const { second, duration, value } of rows) this.add(second, duration, value);
  }
}

/**
 * Chooses among sources: the workout's own (by name, else by hardware) if it covers half of the time, else the one with
 * the most seconds; the next ones fill its holes of more than 30 s.
 */
export function chooseReadings(candidates: readonly Candidate[], window: Window): Readings {
  const ranked = candidates.toSorted(
    (a, b) => b.readings.time.length - a.readings.time.length || (a.key < b.key ? -1 : 1),
  );
  const own = ranked
    .filter(({ affinity, readings }) => affinity > 0 && coverage(readings.time, window) >= 0.5)
    .sort((a, b) => b.affinity - a.affinity)[0];
  const order = own === undefined ? ranked : [own, ...ranked.filter((candidate) => candidate !== own)];
  return order
    .map(({ readings }) => readings)
    .reduce((taken, offered) =>
      fill(taken, offered, holesOf(taken.time, offered.time, { ...window, gap: GAP })),
    );
}

/** The taken readings with those of the offered ones that are marked. */
function fill(taken: Readings, offered: Readings, isWanted: Uint8Array): Readings {
  let wanted = 0;
  for (const one of isWanted) wanted += one;
  if (wanted === 0) return taken;
  const time = new Float64Array(taken.time.length + wanted);
  const value = new Float64Array(time.length);
  for (let at = 0, left = 0, right = 0; at < time.length; at++) {
    while (right < isWanted.length && isWanted[right] === 0) right++;
    const isLeft =
      (taken.time[left] ?? Number.POSITIVE_INFINITY) < (offered.time[right] ?? Number.POSITIVE_INFINITY);
    const from = isLeft ? taken : offered;
    const index = isLeft ? left++ : right++;
    time[at] = from.time[index] ?? Number.NaN;
    value[at] = from.value[index] ?? Number.NaN;
  }
  return { time, value };
}

/** The share of the window that lies within 30 s after a reading. */
function coverage(times: Float64Array, window: Window): number {
  const length = window.end - window.start;
  if (length <= 0) return times.length > 0 ? 1 : 0;
  let covered = 0;
  for (let index = 0; index < times.length; index++) {
    covered += Math.min(GAP, (times[index + 1] ?? window.end) - (times[index] ?? Number.NaN));
  }
  return covered / length;
}
