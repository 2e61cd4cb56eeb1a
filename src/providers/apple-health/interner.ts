import { standsAt } from "./bytes.ts";
import { cleanText } from "./clean-text.ts";
import type { RecordSource } from "./elements.ts";
import { decodeText } from "./start-tag.ts";

/** More distinct names than any phone has; what comes after them is counted under the empty one. */
const LIMIT = 65_536;

const POINTER = Buffer.from("&lt;&lt;HKDevice: 0x", "latin1");

function equalAt(bytes: Uint8Array, from: number, to: number, other: Uint8Array): boolean {
  if (to - from !== other.length) return false;
  for (let index = 0; index < other.length; index++) {
    if (bytes[from + index] !== other[index]) return false;
  }
  return true;
}

function latin1(bytes: Buffer, from: number, to: number): string {
  return bytes.toString("latin1", from, to);
}

function utf8(bytes: Buffer, from: number, to: number): string {
  return decodeText(bytes.toString("utf8", from, to));
}

/** Numbers for repeated strings, found by their bytes without decoding them. */
export class UnitInterner {
  readonly names: string[] = [];
  readonly #byBytes = new Map<string, number>();
  readonly #byName = new Map<string, number>();
  #last: Uint8Array = new Uint8Array(0);
  #lastIndex = -1;

  /** The number of the value at `from`, as it stands in the file. */
  at(bytes: Buffer, from: number, to: number): number {
    if (this.#lastIndex >= 0 && equalAt(bytes, from, to, this.#last)) return this.#lastIndex;
    const key = latin1(bytes, from, to);
    let index = this.#byBytes.get(key);
    if (index === undefined) {
      index = this.named(utf8(bytes, from, to));
      if (this.#byBytes.size < LIMIT) this.#byBytes.set(key, index);
    }
    this.#last = Uint8Array.prototype.slice.call(bytes, from, to);
    this.#lastIndex = index;
    return index;
  }

  /** The number of a value whose entities are resolved. */
  named(name: string): number {
    const wanted = this.names.length < LIMIT || this.#byName.has(name) ? name : "";
    let index = this.#byName.get(wanted);
    if (index === undefined) {
      index = this.names.push(wanted) - 1;
      this.#byName.set(wanted, index);
    }
    return index;
  }
}

/**
 * Numbers for (source name, device). The address in a device's text differs from record to record, so it does not
 * count; the first one met is kept in the text.
 */
export class SourceInterner {
  readonly sources: RecordSource[] = [];
  readonly #byBytes = new Map<string, number>();
  readonly #byName = new Map<string, number>();
  #lastName: Uint8Array = new Uint8Array(0);
  #lastDevice: Uint8Array = new Uint8Array(0);
  #lastIndex = -1;

  /** The number of the two values as they stand in the file; `deviceTo === deviceFrom` when there is no device. */
  at(bytes: Buffer, nameFrom: number, nameTo: number, deviceFrom: number, deviceTo: number): number {
    const address = startOfAddress(bytes, deviceFrom, deviceTo);
    const behind = address < 0 ? deviceFrom : endOfAddress(bytes, address, deviceTo);
    if (
      this.#lastIndex >= 0 &&
      equalAt(bytes, nameFrom, nameTo, this.#lastName) &&
      equalAt(bytes, behind, deviceTo, this.#lastDevice)
    ) {
      return this.#lastIndex;
    }
    const key = `${latin1(bytes, nameFrom, nameTo)}"${latin1(bytes, behind, deviceTo)}`;
    let index = this.#byBytes.get(key);
    if (index === undefined) {
      index = this.named(utf8(bytes, nameFrom, nameTo), utf8(bytes, deviceFrom, deviceTo));
      if (this.#byBytes.size < LIMIT) this.#byBytes.set(key, index);
    }
    this.#lastName = Uint8Array.prototype.slice.call(bytes, nameFrom, nameTo);
    this.#lastDevice = Uint8Array.prototype.slice.call(bytes, behind, deviceTo);
    this.#lastIndex = index;
    return index;
  }

  /** The number of two values whose entities are resolved. The name counts as a workout's does: without what is no text. */
  named(written: string, device: string): number {
    let name = cleanText(written) ?? "";
    let key = `${name}"${device.replace(/^<<HKDevice: 0x[0-9a-fA-F]*/, "")}`;
    if (this.sources.length >= LIMIT && !this.#byName.has(key)) [name, device, key] = ["", "", '"'];
    let index = this.#byName.get(key);
    if (index === undefined) {
      index = this.sources.push({ name, device }) - 1;
      this.#byName.set(key, index);
    }
    return index;
  }
}

/** Where the digits of the address in a device's text begin; −1 where it does not begin with one. */
export function startOfAddress(bytes: Uint8Array, from: number, to: number): number {
  return to - from >= POINTER.length && standsAt(bytes, from, POINTER) ? from + POINTER.length : -1;
}

/** Where the digits that begin at `from` end. */
export function endOfAddress(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isHex(bytes[at] ?? 0)) at++;
  return at;
}

function isHex(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 102) || (byte >= 65 && byte <= 70);
}
