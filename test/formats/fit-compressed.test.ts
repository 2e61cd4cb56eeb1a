import { CrcCalculator } from "@garmin/fitsdk";
import { describe, expect, it } from "vitest";
import { readFit } from "../../src/formats/fit-reader.ts";

/** 2026-11-18T05:42:10Z in FIT's seconds: 1163914930; its last five bits are 18. */
const FIT_TIME = (Date.UTC(2026, 10, 18, 5, 42, 10) - 631_065_600_000) / 1000;

function fileOf(...data: readonly number[][]): Uint8Array {
  const body = data.flat();
  const header = [14, 0x20, 0, 0, body.length & 255, body.length >> 8, 0, 0, 0x2e, 0x46, 0x49, 0x54, 0, 0];
  const bytes = Uint8Array.from([...header, ...body, 0, 0]);
  const crc = CrcCalculator.calculateCRC(bytes, 0, bytes.length - 2);
  bytes.set([crc & 255, crc >> 8], bytes.length - 2);
  return bytes;
}

const be32 = (value: number): number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];

// Local 1 (big endian): record with timestamp and heart rate. Local 0: record with heart rate alone.
const TIMED = [0x41, 0, 1, 0, 20, 2, 253, 4, 0x86, 3, 1, 0x02];
const BARE = [0x40, 0, 1, 0, 20, 1, 3, 1, 0x02];
const timed = (seconds: number, bpm: number): number[] => [0x01, ...be32(FIT_TIME + seconds), bpm];
const bare = (seconds: number, bpm: number): number[] => [0x80 | ((FIT_TIME + seconds) & 31), bpm];

describe("compressed timestamp headers", () => {
  it("are read as whole times, over the turn of their five bits, between ordinary records", () => {
    const file = readFit(
      fileOf(
        TIMED,
        timed(0, 100),
        BARE,
        bare(1, 101),
        bare(13, 102),
        bare(14, 103),
        timed(60, 104),
        [0x00, 99],
        bare(61, 105),
      ),
    );
    expect(file.damage).toBeNull();
    expect(
      file.records.map(({ timestamp, heartRate }) => [
        (timestamp - 631_065_600_000) / 1000 - FIT_TIME,
        heartRate,
      ]),
    ).toEqual([
      [0, 100],
      [1, 101],
      [13, 102],
      [14, 103],
      [60, 104],
      [61, 105],
    ]);
  });

  it("of a cut file or one with a wrong checksum are read as far as they go, and it is told", () => {
    const whole = fileOf(TIMED, timed(0, 100), BARE, bare(1, 101), bare(2, 102));
    const cut = readFit(whole.subarray(0, whole.length - 3));
    expect(cut.records.map(({ heartRate }) => heartRate)).toEqual([100, 101]);
    expect(cut.damage).not.toBeNull();
    const wrong = Uint8Array.from(whole);
    wrong.set([(wrong.at(-1) ?? 0) ^ 1], wrong.length - 1);
    expect(readFit(wrong).records).toHaveLength(3);
    expect(readFit(wrong).damage).toMatch(/CRC/);
  });
});
