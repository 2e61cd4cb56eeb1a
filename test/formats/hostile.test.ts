import { describe, expect, it } from "vitest";
import { fitFile } from "../../src/export/fit.ts";
import { gpxFile } from "../../src/export/gpx.ts";
import { tcxFile } from "../../src/export/tcx.ts";
import { FitglueError } from "../../src/errors.ts";
import { readFit } from "../../src/formats/fit-reader.ts";
import { readGpx } from "../../src/formats/gpx-reader.ts";
import { readTcx } from "../../src/formats/tcx-reader.ts";
import { gpxSessions, tcxSessions } from "../../src/providers/file/xml-sessions.ts";
import { fitSessions } from "../../src/providers/file/fit-sessions.ts";
import { outdoorRun } from "../model/stored-activity.ts";

/** Numbers that look random and are the same every time (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function damaged(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let hit = 0; hit < 1 + random() * 8; hit++) copy[Math.floor(random() * copy.length)] = random() * 256;
  return random() < 0.3 ? copy.subarray(0, Math.floor(random() * copy.length)) : copy;
}

const NO_ZONE = { timezone: undefined };

describe("readers of damaged files", () => {
  it.each([
    ["FIT", fitFile(outdoorRun()), (bytes: Uint8Array) => fitSessions(readFit(bytes), NO_ZONE)],
    ["TCX", Buffer.from(tcxFile(outdoorRun())), (bytes: Uint8Array) => tcxSessions(readTcx(bytes), NO_ZONE)],
    ["GPX", Buffer.from(gpxFile(outdoorRun())), (bytes: Uint8Array) => gpxSessions(readGpx(bytes), NO_ZONE)],
  ])("%s: give what they can, or an error of ours, and never hang", (_name, whole, read) => {
    const random = randomOf(20_261_120);
    const starts: string[] = [];
    const errors: unknown[] = [];
    for (let round = 0; round < 100; round++) {
      try {
        starts.push(...read(damaged(whole, random)).map(({ activity }) => activity.startTime));
      } catch (error) {
        errors.push(error);
      }
    }
    expect(errors.filter((error) => !(error instanceof FitglueError))).toEqual([]);
    expect(starts.filter((start) => !/^[+-]?\d{4,6}-\d\d-\d\dT/.test(start))).toEqual([]);
    expect(starts.length).toBeGreaterThan(30);
  });
});
