import { describe, expect, it } from "vitest";
import { samplesFromRows } from "../../src/model/index.ts";
import { renderBar, renderZones, zoneLimits } from "../../src/output/bars.ts";
import { renderRouteMap } from "../../src/output/route-map.ts";
import { displayWidth } from "../../src/output/text.ts";
import { TRAIL_RUN, ULTRA } from "./activities.ts";

const LOOK = { width: 80, unicode: true, color: false };
const SIZE = { columns: 40, rows: 16 };

function square(longs: readonly [number, number], lat: number): Parameters<typeof renderRouteMap>[0] {
  const [west, east] = longs;
  const corners = [
    [lat, west],
    [lat, east],
    [lat + 0.01, east],
    [lat + 0.01, west],
    [lat, west],
  ];
  return samplesFromRows(
    corners.map(([positionLat, positionLong], index) => ({
      timestamp: index * 30_000,
      positionLat: positionLat ?? null,
      positionLong: positionLong ?? null,
    })),
  );
}

describe("renderRouteMap", () => {
  it.each([true, false])("draws a round (unicode: %s)", async (unicode) => {
    const lines = renderRouteMap(TRAIL_RUN.samples, SIZE, { ...LOOK, unicode });
    expect(lines.length).toBeLessThanOrEqual(17);
    expect(/^[\u0020-\u007e]*$/.test(lines.join(""))).toBe(!unicode);
    await expect(lines.join("\n")).toMatchFileSnapshot(`../golden/route${unicode ? "" : "-ascii"}.txt`);
  });

  it("keeps the shape: a square kilometre at 60° north is a square", () => {
    // 0.01° of latitude and 0.02° of longitude are 1112 m there; a cell is twice as high as wide.
    const lines = renderRouteMap(square([10, 10.02], 60), SIZE, LOOK).slice(0, -1);
    expect([displayWidth(lines[0] ?? ""), lines.length]).toEqual([32, 16]);
  });

  it("crosses the antimeridian", () => {
    const lines = renderRouteMap(square([179.99, -179.99], 60), SIZE, LOOK).slice(0, -1);
    expect([displayWidth(lines[0] ?? ""), lines.length]).toEqual([32, 16]);
    expect(renderRouteMap(ULTRA.samples, SIZE, LOOK).at(-1)).toContain("10 km");
  });

  it("marks start and finish", () => {
    const line = samplesFromRows(
      [0, 1, 2].map((index) => ({
        timestamp: index * 30_000,
        positionLat: 47,
        positionLong: 9 + index / 1000,
      })),
    );
    const lines = renderRouteMap(line, SIZE, LOOK);
    expect(lines[0]).toMatch(/^S\S+F$/);
    expect(lines.at(-1)).toMatch(/^S start {2}F finish {2}├─+┤ 20 m$/);
    expect(renderRouteMap(square([10, 10.02], 60), SIZE, LOOK).at(-1)).toContain("S start and finish");
  });

  it("draws nothing where there is nothing to draw", () => {
    expect(renderRouteMap(samplesFromRows([]), SIZE, LOOK)).toEqual([]);
    const still = [0, 1, 2].map((index) => ({ timestamp: index, positionLat: 47, positionLong: 9 }));
    expect(renderRouteMap(samplesFromRows(still), SIZE, LOOK)).toEqual([]);
    expect(renderRouteMap(TRAIL_RUN.samples, SIZE, { ...LOOK, width: 3 })).toEqual([]);
  });
});

describe("zones", () => {
  it("are bars, the hardest on top", async () => {
    const lines = renderZones(TRAIL_RUN.hrZones, LOOK);
    await expect(lines.join("\n")).toMatchFileSnapshot("../golden/zones.txt");
    const ascii = renderZones(TRAIL_RUN.hrZones, { ...LOOK, unicode: false });
    expect(ascii[0]).toBe("Z5  171-190 bpm  0:02:00    3%  ####");
  });

  it("are told without a bar where there is no room, and not at all where no time is known", () => {
    expect(renderZones(TRAIL_RUN.hrZones, { ...LOOK, width: 30 })[0]).toBe("Z5  171-190 bpm  0:02:00    3%");
    const unknown = TRAIL_RUN.hrZones.map((zone) => ({ ...zone, seconds: null }));
    expect(renderZones(unknown, LOOK)).toEqual([]);
  });

  it("name their limits as far as they are known", () => {
    expect(zoneLimits({ minBpm: 95, maxBpm: 114 })).toBe("95-114 bpm");
    expect(zoneLimits({ minBpm: null, maxBpm: 114 })).toBe("up to 114 bpm");
    expect(zoneLimits({ minBpm: 171, maxBpm: null })).toBe("from 171 bpm");
    expect(zoneLimits({ minBpm: null, maxBpm: null })).toBeNull();
  });

  it("draw eighths of a column, and never nothing for something", () => {
    expect(renderBar(0.5, 5, true)).toBe("██▌");
    expect(renderBar(0.001, 10, true)).toBe("▏");
    expect(renderBar(0.001, 10, false)).toBe("#");
    expect(renderBar(0, 10, true)).toBe("");
    expect(renderBar(2, 3, true)).toBe("███");
  });
});
