import type { HrZone } from "../model/index.ts";
import { formatDuration } from "./format.ts";
import type { Look, Tone } from "./look.ts";
import { paint } from "./look.ts";
import { pad } from "./text.ts";

const PARTIAL = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;
const ZONE_TONES: readonly Tone[] = ["dim", "pace", "good", "warn", "bad"];

/** A horizontal bar of `share` (0 to 1) of `width` columns, in eighths of a column where Unicode allows. */
export function renderBar(share: number, width: number, unicode: boolean): string {
  const filled = Math.min(1, Math.max(0, share)) * width;
  if (!unicode) return "#".repeat(Math.max(share > 0 ? 1 : 0, Math.round(filled)));
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(filled * 8));
  return "█".repeat(Math.floor(eighths / 8)) + (PARTIAL[eighths % 8] ?? "");
}

/** `114-132 bpm`; an open end is `<` or `>`, unknown limits are null. FIT's upper limits are inclusive. */
export function zoneLimits(zone: Pick<HrZone, "minBpm" | "maxBpm">): string | null {
  const { minBpm, maxBpm } = zone;
  const low = minBpm === null ? null : Math.round(minBpm);
  const high = maxBpm === null ? null : Math.round(maxBpm);
  if (low === null && high === null) return null;
  if (low === null || low === 0) return `up to ${high ?? ""} bpm`;
  return high === null ? `from ${low} bpm` : `${low}-${high} bpm`;
}

/** Time in heart-rate zones, the hardest on top; shares are of the time in all zones. */
export function renderZones(zones: readonly HrZone[], look: Look): string[] {
  const total = zones.reduce((sum, zone) => sum + (zone.seconds ?? 0), 0);
  if (total <= 0) return [];
  const longest = Math.max(...zones.map((zone) => zone.seconds ?? 0));
  const ordered = zones.toSorted((a, b) => b.zone - a.zone);
  const limits = ordered.map((zone) => zoneLimits(zone) ?? "");
  const limitWidth = Math.max(...limits.map((text) => text.length));
  const times = ordered.map((zone) => formatDuration(zone.seconds) ?? "-");
  const timeWidth = Math.max(...times.map((text) => text.length));
  return ordered.map((zone, at) => {
    const share = (zone.seconds ?? 0) / total;
    const percent = `${(share * 100).toFixed(0)}%`.padStart(4);
    const left = `Z${zone.zone}  ${limitWidth > 0 ? `${pad(limits[at] ?? "", limitWidth)}  ` : ""}${pad(times[at] ?? "", timeWidth, "right")}  ${percent}  `;
    const width = Math.min(60, look.width - left.length);
    const bar = width < 4 ? "" : renderBar((zone.seconds ?? 0) / longest, width, look.unicode);
    return (left + paint(look, ZONE_TONES[Math.min(zone.zone, 5) - 1] ?? "plain", bar)).trimEnd();
  });
}
