/** `2 hours ago`, `in 5 days`: the distance of an instant from `now`, both Unix milliseconds. */
export function formatAgo(instant: number, now: number): string {
  const distance = Math.abs(now - instant);
  const [unit, size] = (
    [
      ["day", 86_400_000],
      ["hour", 3_600_000],
      ["minute", 60_000],
    ] as const
  ).find(([, size]) => distance >= size) ?? ["minute", 60_000];
  const count = Math.floor(distance / size);
  if (count === 0) return "just now";
  const words = counted(count, unit);
  return instant <= now ? `${words} ago` : `in ${words}`;
}

/** `1 item`, `2 items`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
