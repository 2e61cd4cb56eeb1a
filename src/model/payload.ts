import { promisify } from "node:util";
import type zlib from "node:zlib";

/** A list of activities needs no zlib, which takes a millisecond to load. */
const compression = (): typeof zlib => process.getBuiltinModule("node:zlib");

/**
 * The bytes of a raw payload as a raw deflate stream (RFC 1951), made in the thread pool; undefined when that would not be
 * shorter. In one place, since what a provider packs and what the store packs is the same.
 */
export async function deflatePayload(bytes: Uint8Array): Promise<Buffer | undefined> {
  const packed = await promisify(compression().deflateRaw)(bytes, windowFor(bytes.length));
  return packed.length < bytes.length ? packed : undefined;
}

/**
 * A window no larger than what there is to compress (and the 262 bytes that zlib keeps free): its own default takes 268 KB for
 * every payload, and a batch compresses dozens of small ones at once.
 */
function windowFor(length: number): { readonly windowBits: number; readonly memLevel: number } {
  const windowBits = Math.min(15, Math.max(9, Math.ceil(Math.log2(length + 262))));
  return { windowBits, memLevel: windowBits - 7 };
}
