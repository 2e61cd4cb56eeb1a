import { isoInstant, type EpochMs } from "../../model/index.ts";

/** Local dates, `YYYY-MM-DD`: from inclusive, to exclusive. Text order is time order. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

const DAY_MS = 86_400_000;

/** The UTC date of an instant. */
export function dateOf(ms: EpochMs): string {
  return isoInstant(ms).slice(0, 10);
}

/** The date so many days later; earlier for a negative number. */
export function addDays(date: string, days: number): string {
  return dateOf(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS);
}

/** The same days without overlap, in order; spans that touch become one. */
export function unite(spans: readonly Span[]): Span[] {
  const united: Span[] = [];
  for (const span of spans
    .filter(({ from, to }) => from < to)
    .toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = united.at(-1);
    if (last === undefined || span.from > last.to) united.push(span);
    else if (span.to > last.to) united[united.length - 1] = { from: last.from, to: span.to };
  }
  return united;
}

/** The days of `span` that none of `others` has. */
export function subtract(span: Span, others: readonly Span[]): Span[] {
  const left: Span[] = [];
  let { from } = span;
  for (const other of unite(others)) {
    if (other.from > from) left.push({ from, to: other.from < span.to ? other.from : span.to });
    if (other.to > from) from = other.to;
    if (from >= span.to) break;
  }
  left.push({ from, to: span.to });
  return left.filter(({ from, to }) => from < to);
}

/** Cuts a span into pieces of at most so many days, in order. */
export function* windowsOf(span: Span, days: number): Generator<Span> {
  for (let { from } = span; from < span.to;) {
    const end = addDays(from, days);
    const to = end < span.to ? end : span.to;
    yield { from, to };
    from = to;
  }
}
