/** In a date with a space or `T` behind it, as lines have them; holes are NUL. The quote keeps out what is text. */
const DATE = /(?<=")20[\d\0]{2}-[\d\0]{2}-[\d\0]{2}[ T][\d\0]{2}:[\d\0]{2}:[\d\0]{2}/g;

/** Where the digits of year and month are in a date, and those of the day. */
export const YEAR_AND_MONTH = [2, 3, 5, 6] as const;
export const DAY = [8, 9] as const;

/** Where the dates of a line begin. */
export function datesIn(line: string): number[] {
  return [...line.matchAll(DATE)].map(({ index }) => index);
}

/** Days by which a gap's dates may have gone on. */
const DAYS = 7;
/** As much text before a gap as so many gaps is looked at. */
const AS_MUCH = 4;
const AT_LEAST = 8 << 10;

/** A month, and the last day of it that is known. */
export interface Month {
  /** `20YY-MM` */
  readonly text: string;
  readonly day: number;
}

/**
 * The month in which all dates of a gap lie; undefined where that is not sure. The records of a type are in order of
 * creation: where all the dates in four times its length before a gap are of one month and one week, the gap is no month
 * long. Whether the month ended in it is for the lines behind to tell: {@link continues}.
 *
 * @param text what stands before the gap, from the beginning of a line
 */
export function monthOfGap(text: Buffer, lost: number): Month | undefined {
  const wanted = Math.max(AS_MUCH * lost, AT_LEAST);
  if (text.length < wanted) return undefined;
  const dates = [
    ...text
      .subarray(text.length - wanted)
      .toString("latin1")
      .matchAll(DATE),
  ].map(([date]) => date);
  const last = dates.at(-1);
  if (last === undefined || dates.length < 2 * DAYS) return undefined;
  const month = { text: last.slice(0, 7), day: Number(last.slice(8, 10)) };
  const isOne = dates.every(
    (date) => date.startsWith(month.text) && Math.abs(Number(date.slice(8, 10)) - month.day) <= DAYS,
  );
  return isOne ? month : undefined;
}

/** Whether a day of month behind the gap says that it is the same month. */
export function continues({ day }: Month, later: number): boolean {
  return later >= day - 1 && later <= day + DAYS;
}
