import type { FileHandle } from "node:fs/promises";
import { expect, test } from "vitest";
import { findLocalHeaders } from "../../../src/providers/apple-health/zip-salvage.ts";
import { buildZip } from "./zip-builder.ts";

/** A file in memory that counts how often it is read. */
function fileOf(bytes: Buffer): { handle: FileHandle; reads: () => number } {
  let reads = 0;
  const handle = {
    read(target: Buffer, offset: number, length: number, position: number) {
      reads++;
      const bytesRead = bytes.copy(target, offset, position, Math.min(bytes.length, position + length));
      return Promise.resolve({ bytesRead, buffer: target });
    },
  };
  return { handle: handle as unknown as FileHandle, reads: () => reads };
}

/** As in a zip that was cut off: no directory. */
function cutZip(entries: readonly { name: string; content: string }[]): Buffer {
  const zip = buildZip(entries);
  return zip.subarray(0, zip.indexOf("PK\u0001\u0002"));
}

const NAMES = ["export.xml", "workout-routes/a.gpx", "b".repeat(900)];
const SOUND = cutZip(NAMES.map((name) => ({ name, content: `content of ${name}` })));

test("finds entries wherever they begin, across the windows that are read", async () => {
  for (const before of [0, 1, (1 << 20) - 2, (1 << 20) - 1, 1 << 20, (1 << 20) + 29]) {
    const bytes = Buffer.concat([Buffer.alloc(before, 0x20), SOUND]);
    const found = await findLocalHeaders(fileOf(bytes).handle, bytes.length);
    expect(found.map(({ name }) => name)).toEqual(NAMES);
    expect(found[0]?.headerOffset).toBe(before);
  }
});

test("reads a file of nothing but false beginnings about once", async () => {
  const bytes = Buffer.concat([Buffer.alloc(4 << 20, "PK\u0003\u0004"), SOUND]);
  const { handle, reads } = fileOf(bytes);
  const found = await findLocalHeaders(handle, bytes.length);
  expect(found.map(({ name }) => name)).toEqual(NAMES);
  // Megabyte by megabyte, with what the beginnings at a window's end need.
  expect(reads()).toBeLessThan(20);
});
