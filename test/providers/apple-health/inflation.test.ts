import { constants, crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  inflate,
  inflateMember,
  inflatePromised,
  roomForMember,
} from "../../../src/providers/apple-health/inflation.ts";

const LINES = Array.from(
  { length: 30_000 },
  (_, row) => `<Record row="${row}" value="${(row * 7919) % 10_007}"/>\n`,
);
const PLAIN = Buffer.from(LINES.join(""), "latin1");
const DEFLATED = deflateRawSync(PLAIN);
const PROMISED = { size: PLAIN.length, crc32: crc32(PLAIN) };

async function* pieces(bytes: Buffer, size = 1000): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Everything a generator gives, and what it says at its end. */
async function drained<End>(
  generator: AsyncGenerator<Buffer, End, void>,
): Promise<{ bytes: Buffer; end: End }> {
  const given: Buffer[] = [];
  for (;;) {
    const next = await generator.next();
    if (next.done === true) return { bytes: Buffer.concat(given), end: next.value };
    given.push(next.value);
  }
}

const promisedOf = (deflated: Buffer, promised = PROMISED, length = deflated.length) =>
  drained(inflatePromised(pieces(deflated), length, promised));

describe("a deflate stream of which everything is known", () => {
  it("is whole when everything is true", async () => {
    const { bytes, end } = await promisedOf(DEFLATED);
    expect(bytes.equals(PLAIN)).toBe(true);
    expect(end).toEqual({ isWhole: true, given: PLAIN.length });
  });

  it.each([
    ["checksum", { ...PROMISED, crc32: PROMISED.crc32 ^ 1 }],
    ["size", { ...PROMISED, size: PROMISED.size - 1 }],
    ["size, by 4 GiB and a byte", { ...PROMISED, size: PROMISED.size + 2 ** 32 + 1 }],
  ])("is given and not whole when the %s is another", async (_, promised) => {
    const { bytes, end } = await promisedOf(DEFLATED, { ...promised, crc32: promised.crc32 >>> 0 });
    expect(bytes.equals(PLAIN)).toBe(true);
    expect(end).toEqual({ isWhole: false, given: PLAIN.length });
  });

  it("may have a size of which the archive keeps 32 bits", async () => {
    const { end } = await promisedOf(DEFLATED, { ...PROMISED, size: PROMISED.size + 2 ** 32 });
    expect(end.isWhole).toBe(true);
  });

  it("is not whole when more stands behind it, be it another member", async () => {
    const zeros = await promisedOf(Buffer.concat([DEFLATED, Buffer.alloc(30)]));
    expect(zeros.end.isWhole).toBe(false);
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(PROMISED.crc32, 0);
    trailer.writeUInt32LE(PROMISED.size, 4);
    const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    const twice = await promisedOf(Buffer.concat([DEFLATED, trailer, header, DEFLATED]));
    expect(twice.end.isWhole).toBe(false);
  });

  // The eight bytes with which zlib is told the promises look like data to a stream that has lost its end.
  it("gives nothing that is not in it when its end is missing", async () => {
    for (let missing = 1; missing <= 64; missing++) {
      const { bytes, end } = await promisedOf(DEFLATED.subarray(0, -missing));
      expect(bytes.equals(PLAIN.subarray(0, bytes.length)), `${missing} bytes missing`).toBe(true);
      expect(end).toEqual({ isWhole: false, given: bytes.length });
    }
  });

  it("gives what the archive has when that is less than it says", async () => {
    const { bytes, end } = await promisedOf(DEFLATED.subarray(0, 9000), PROMISED, DEFLATED.length);
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes.equals(PLAIN.subarray(0, bytes.length))).toBe(true);
    expect(end.isWhole).toBe(false);
  });

  it("gives the beginning of what the long way gives, wherever it is damaged", async () => {
    for (let at = 5; at < DEFLATED.length; at += 3989) {
      const damaged = Buffer.from(DEFLATED);
      damaged[at] = (damaged[at] ?? 0) ^ 0x5a;
      const { bytes, end } = await promisedOf(damaged);
      const behind = Buffer.concat([damaged, Buffer.from("PK\u0001\u0002 and so on", "latin1")]);
      const long = await drained(inflate(() => pieces(behind)));
      expect(end.isWhole, `damage at ${at}`).toBe(false);
      expect(bytes.equals(long.bytes.subarray(0, bytes.length)), `damage at ${at}`).toBe(true);
    }
  });
});

describe("a deflate stream of which nothing is known", () => {
  /** What zlib makes of the longest beginning that it does not refuse, which is all that stands before the damage. */
  function beforeDamage(bytes: Buffer): Buffer {
    const given = (length: number): Buffer | undefined => {
      try {
        return inflateRawSync(bytes.subarray(0, length), { finishFlush: constants.Z_SYNC_FLUSH });
      } catch {
        return undefined;
      }
    };
    let [good, refused] = [0, bytes.length + 1];
    while (refused - good > 1) {
      const middle = (good + refused) >> 1;
      if (given(middle) === undefined) refused = middle;
      else good = middle;
    }
    return given(good) ?? Buffer.alloc(0);
  }

  it("gives every byte before a damage, and ends where it ends", async () => {
    let damaged = 0;
    for (let at = 5; at < DEFLATED.length; at += 3089) {
      const bytes = Buffer.from(DEFLATED);
      bytes.fill(0xff, at, Math.min(at + 40, bytes.length));
      let readings = 0;
      const open = (): AsyncGenerator<Buffer, void, void> => {
        readings++;
        return pieces(bytes, 70_000);
      };
      const { bytes: found, end } = await drained(inflate(open));
      expect(found.equals(beforeDamage(bytes)), `damage at ${at}`).toBe(true);
      if (end.problem === "damaged") damaged++;
      expect(readings).toBe(end.problem === "damaged" ? 3 : 1);
    }
    expect(damaged).toBeGreaterThan(5);
    const behind = Buffer.concat([DEFLATED, Buffer.from("PK\u0001\u0002 and so on", "latin1")]);
    const whole = await drained(inflate(() => pieces(behind, 70_000)));
    expect(whole.bytes.equals(PLAIN)).toBe(true);
    expect(whole.end).toEqual({ consumed: DEFLATED.length, problem: undefined });
  });
});

describe("a short stream, at once", () => {
  const memberOf = (deflated: Buffer): Buffer => {
    const room = roomForMember(deflated.length);
    deflated.copy(room.deflated);
    return room.member;
  };

  it("is what it promises, or nothing", async () => {
    expect((await inflateMember(memberOf(DEFLATED), PROMISED))?.equals(PLAIN)).toBe(true);
    expect(await inflateMember(memberOf(deflateRawSync("")), { size: 0, crc32: 0 })).toEqual(Buffer.alloc(0));
    expect(await inflateMember(memberOf(DEFLATED), { ...PROMISED, crc32: 1 })).toBeUndefined();
    expect(await inflateMember(memberOf(DEFLATED), { ...PROMISED, size: PLAIN.length - 1 })).toBeUndefined();
    expect(await inflateMember(memberOf(DEFLATED.subarray(0, -1)), PROMISED)).toBeUndefined();
  });

  it("keeps its deflated bytes as they are", async () => {
    const room = roomForMember(DEFLATED.length);
    DEFLATED.copy(room.deflated);
    await inflateMember(room.member, PROMISED);
    expect(room.deflated.equals(DEFLATED)).toBe(true);
  });
});
