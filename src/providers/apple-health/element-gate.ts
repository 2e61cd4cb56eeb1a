import { isLetter, isNameAt, isSpace } from "./bytes.ts";
import { endOfDoctype } from "./doctype.ts";
import type { Damage, ElementBytes, Scan } from "./elements.ts";
import { KeptElement } from "./kept-element.ts";
import { RecordReader, isWantedRecord } from "./record-reader.ts";
import { endOfTag, readStartTag } from "./start-tag.ts";

/** A start tag, comment or document type longer than this is not waited for. */
const MARKUP_LIMIT = 1 << 20;
/** Nor is a workout: a day of old `Location` elements at one a second is 17 MB. */
const WORKOUT_LIMIT = 32 << 20;
/** A correlation has a handful of records; behind this many its end tag has been lost. */
const CORRELATION_LIMIT = 1000;
/** Damages told one by one; what comes after them is counted. */
const DAMAGE_LIMIT = 1000;

const LT = 60;
const GT = 62;
const SLASH = 47;
const BANG = 33;
const QUESTION = 63;

/** Elements that stand directly under `HealthData` and never inside a workout: where one begins, a workout is over. */
const TOP_LEVEL = new Set([
  "HealthData",
  "ExportDate",
  "Me",
  "Record",
  "Correlation",
  "Workout",
  "ActivitySummary",
  "ClinicalRecord",
  "Audiogram",
  "VisionPrescription",
]);

/** Every element of the DTDs: none of them contains text. */
const KNOWN = new Set([
  ...TOP_LEVEL,
  "MetadataEntry",
  "HeartRateVariabilityMetadataList",
  "InstantaneousBeatsPerMinute",
  "WorkoutEvent",
  "WorkoutActivity",
  "WorkoutStatistics",
  "WorkoutRoute",
  "FileReference",
  "Location",
  "SensitivityPoint",
  "RightEye",
  "LeftEye",
  "Attachment",
]);

const LONGEST_NAME = 40;

/**
 * The gate in front of sax: finds element boundaries in the bytes by searching for `<`, of which XML allows none inside
 * a tag. What nobody wants is never looked at again; what does not look as expected is looked at closely, and where a
 * tag is beyond repair reading goes on at the next one.
 *
 * Memory: one work buffer, which holds a chunk and the beginning of the element that the chunk before left unfinished.
 */
export class ElementGate {
  readonly workouts: ElementBytes[] = [];
  elements = 0;
  readonly #records = new RecordReader();
  readonly #damage: Damage[] = [];
  #damageCount = 0;
  #damageLoss = false;
  #locale: string | null = null;
  #exportDate: string | null = null;

  #buffer = Buffer.allocUnsafe(1 << 20);
  #length = 0;
  /** Offset in the file of the buffer's first byte. */
  #base = 0;
  /** Where to go on: a `<`, or a place before the next one. */
  #at = 0;
  /** The `<` of the workout in progress, or −1. */
  #workout = -1;
  /** File offset of the correlation in progress, or −1. */
  #correlation = -1;
  /** Inside a document type that is too long to be waited for. */
  #inDoctype = false;
  /** Behind something that was given up: what comes before the next tag belongs to it. */
  #inDebris = false;
  /** File offsets up to which an ending of comments and the like does not occur: nobody looks there twice. */
  readonly #without = new Map<string, number>();
  #opened = false;
  #closed = false;
  #cut = false;
  /** The start of a workout whose end may still come has been given up, and told. */
  #givenUp = false;

  readonly #zeroIsLost: boolean;

  /** @param zeroIsLost whether a zero byte stands for one that is lost, so that no element with one in it is complete */
  constructor(zeroIsLost = false) {
    this.#zeroIsLost = zeroIsLost;
  }

  /** Plain bytes so far. */
  get bytes(): number {
    return this.#base + this.#length;
  }

  /** The next bytes of the file. The chunk may be reused afterwards. */
  write(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; from += MARKUP_LIMIT) {
      this.#append(chunk.subarray(from, from + MARKUP_LIMIT));
      this.#run(false);
    }
  }

  /** The file has ended. */
  end(): Scan {
    this.#run(true);
    if (this.#workout >= 0) this.#cutOff(this.#workout, "inside a workout");
    if (this.#correlation >= 0) this.#endCorrelation(true);
    const beginning = -this.#base;
    if (!this.#opened && this.elements > 0)
      this.#report("truncated", "the file has lost its beginning", beginning, true);
    if (!this.#closed && !this.#cut) this.#cutOff(this.#length, "before </HealthData>");
    if (this.#damageCount > this.#damage.length) {
      this.#damage.push({
        code: "more-damage",
        message: `${this.#damageCount - this.#damage.length} more places like these`,
        offset: this.bytes,
        loss: this.#damageLoss,
      });
    }
    return {
      records: this.#records.columns,
      sources: this.#records.sources.sources,
      units: this.#records.units.names,
      workouts: this.workouts,
      damage: this.#damage,
      locale: this.#locale,
      exportDate: this.#exportDate,
      bytes: this.bytes,
      elements: this.elements,
    };
  }

  #append(chunk: Buffer): void {
    const keep = this.#workout >= 0 ? this.#workout : this.#at;
    const rest = this.#length - keep;
    let target = this.#buffer;
    if (rest + chunk.length > target.length) {
      target = Buffer.allocUnsafeSlow(Math.max(target.length * 2, rest + chunk.length));
    }
    // Never to a smaller one: whoever has met one long workout is likely to meet more.
    this.#buffer.copy(target, 0, keep, this.#length);
    chunk.copy(target, rest);
    this.#buffer = target;
    this.#length = rest + chunk.length;
    this.#base += keep;
    this.#at -= keep;
    if (this.#workout >= 0) this.#workout = 0;
  }

  #run(eof: boolean): void {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#records.enter(bytes);
    let at = this.#at;
    if (this.#base === 0 && at === 0) {
      if (bytes.length < 3 && !eof) return;
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3;
    }
    if (this.#inDoctype) {
      at = this.#leaveDoctype(bytes, at, eof);
      if (at < 0) return;
    }
    if (bytes[at] !== LT) at = this.#nextTag(bytes, at);
    while (at >= 0) {
      const first = bytes[at + 1];
      if (first === BANG || first === QUESTION || first === undefined) {
        const behind = first === undefined ? -1 : this.#endOfSpecial(bytes, at, eof);
        if (behind === -1) {
          this.#wait(at, eof);
          return;
        }
        if (behind === -2) {
          at = this.#leaveDoctype(bytes, at, eof);
          if (at < 0) return;
          continue;
        }
        at = this.#nextTag(bytes, behind);
        continue;
      }
      const next = bytes.indexOf(LT, at + 1);
      if (next < 0 && !eof) {
        if (bytes.length - at <= MARKUP_LIMIT) {
          this.#wait(at, eof);
          return;
        }
        this.#giveUp(bytes, at);
        return;
      }
      const end = next < 0 ? bytes.length : next;
      let last = end - 1;
      while (isSpace(bytes[last])) last--;
      if (bytes[last] === GT && (isLetter(first) || first === SLASH)) {
        const gt = bytes.indexOf(GT, at) === last ? last : this.#ownEnd(bytes, at, last);
        this.#tag(bytes, at, gt, first);
        at = next;
      } else {
        at = this.#irregular(bytes, at, end, eof);
        if (at === -2) return;
      }
      if (this.#workout >= 0 && at - this.#workout > WORKOUT_LIMIT) this.#dropWorkout("is too long");
    }
    this.#at = bytes.length;
    if (this.#workout >= 0 && bytes.length - this.#workout > WORKOUT_LIMIT) this.#dropWorkout("is too long");
  }

  /** Leaves what begins at `at` for the next chunk, or finds the file cut there. */
  #wait(at: number, eof: boolean): void {
    this.#at = at;
    if (!eof) return;
    this.#at = this.#length;
    if (this.#workout < 0) this.#cutOff(at, "in the middle of an element");
  }

  /** A tag without an end. What is wanted of it is lost; its rest is skipped without being held. */
  #giveUp(bytes: Buffer, at: number): void {
    // Lost bytes have been told already.
    if (!this.#hasLost(bytes, at, bytes.length))
      this.#report("element-too-long", `an element without an end: ${describe(bytes, at)}`, at, true);
    if (this.#workout >= 0) this.#dropWorkout("contains an element without an end");
    this.#at = bytes.length;
    this.#inDebris = true;
  }

  /** The next `<` at or behind `from`, or −1. Between elements there is nothing but white space. */
  #nextTag(bytes: Buffer, from: number): number {
    const next = bytes.indexOf(LT, from);
    const end = next < 0 ? bytes.length : next;
    if (!this.#inDebris) {
      for (let at = from; at < end; at++) {
        if (isSpace(bytes[at]) || (this.#zeroIsLost && bytes[at] === 0)) continue;
        this.#report("unexpected-text", "something that is no element", at, true);
        this.#inDebris = true;
        break;
      }
    }
    if (next >= 0) this.#inDebris = false;
    return next;
  }

  /** Which of several `>` ends the tag that begins at `lt`. What is between that one and the last, at `gt`, is the rest of another. */
  #ownEnd(bytes: Buffer, lt: number, gt: number): number {
    const end = endOfTag(bytes, lt, gt + 1);
    if (end < 0 || end === gt) return gt;
    // Inside a workout it is told with the workout, and an element that nobody knows may have any text in it.
    if (this.#workout < 0 && KNOWN.has(nameAt(bytes, bytes[lt + 1] === SLASH ? lt + 2 : lt + 1)))
      this.#report("unexpected-text", "something that is no element", end + 1, true);
    return end;
  }

  /** A complete tag from `<` to `>` of an element whose name begins with `first`. */
  #tag(bytes: Buffer, lt: number, gt: number, first: number): void {
    if (first === SLASH) {
      this.#endTag(bytes, lt);
      return;
    }
    this.elements++;
    switch (first) {
      case 82: // R
        if (isNameAt(bytes, lt + 1, RECORD)) this.#record(bytes, lt, gt);
        else this.#other(bytes, lt, gt);
        return;
      case 87: // W
        if (isNameAt(bytes, lt + 1, WORKOUT)) this.#startWorkout(bytes, lt, gt);
        else this.#other(bytes, lt, gt);
        return;
      // There are millions of these, and nothing to be done about them.
      case 77: // M
        if (!isNameAt(bytes, lt + 1, METADATA_ENTRY)) this.#other(bytes, lt, gt);
        return;
      case 73: // I
        if (!isNameAt(bytes, lt + 1, BEATS)) this.#other(bytes, lt, gt);
        return;
      case 76: // L
        if (!isNameAt(bytes, lt + 1, LOCATION)) this.#other(bytes, lt, gt);
        return;
      default:
        this.#other(bytes, lt, gt);
    }
  }

  /** Anything else. A name that no DTD has may be a newer export's; one that no element can have is damage. */
  #other(bytes: Buffer, lt: number, gt: number): void {
    const name = nameAt(bytes, lt + 1);
    if (TOP_LEVEL.has(name)) this.#topLevel(bytes, lt, gt, name);
    else if (!KNOWN.has(name) && !isName(bytes, lt + 1)) {
      this.#report("broken-element", "an element whose name is damaged", lt, true);
    }
  }

  #endTag(bytes: Buffer, lt: number): void {
    if (this.#workout >= 0 && isNameAt(bytes, lt + 2, WORKOUT)) {
      this.#keepWorkout(bytes, bytes.indexOf(GT, lt) + 1);
    } else if (isNameAt(bytes, lt + 2, WORKOUT)) {
      if (!this.#givenUp) this.#report("broken-workout", "a workout that has no beginning", lt, true);
      this.#givenUp = false;
    } else if (this.#correlation >= 0 && isNameAt(bytes, lt + 2, CORRELATION)) {
      this.#endCorrelation(false);
    } else if (isNameAt(bytes, lt + 2, HEALTH_DATA)) {
      this.#leaveOpen();
      this.#closed = true;
    }
  }

  #record(bytes: Buffer, lt: number, gt: number): void {
    if (this.#workout >= 0) this.#dropWorkout("has no end");
    if (this.#hasLost(bytes, lt, gt)) {
      if (isWantedRecord(bytes.toString("latin1", lt, gt)))
        this.#report("incomplete-element", "a record that has lost some of its bytes", lt, true);
      return;
    }
    const outcome = this.#records.read(lt, gt);
    if (typeof outcome === "object") this.#report("unreadable-record", outcome.unreadable, lt, true);
    if (this.#correlation >= 0 && this.#records.held > CORRELATION_LIMIT) this.#endCorrelation(true);
  }

  #startWorkout(bytes: Buffer, lt: number, gt: number): void {
    this.#leaveOpen();
    this.#givenUp = false;
    const end = endOfTag(bytes, lt, gt + 1);
    // A lost quote hides the end; the last `>` is as good.
    const close = end < 0 ? gt : end;
    this.#workout = lt;
    if (bytes[close - 1] === SLASH) this.#keepWorkout(bytes, close + 1);
  }

  #hasLost(bytes: Buffer, from: number, to: number): boolean {
    return this.#zeroIsLost && bytes.subarray(from, to).includes(0);
  }

  #keepWorkout(bytes: Buffer, end: number): void {
    if (this.#hasLost(bytes, this.#workout, end)) {
      this.#report("incomplete-element", "a workout that has lost some of its bytes", this.#workout, true);
      this.#workout = -1;
      return;
    }
    this.workouts.push(new KeptElement(bytes.subarray(this.#workout, end), this.#base + this.#workout));
    this.#workout = -1;
  }

  #topLevel(bytes: Buffer, lt: number, gt: number, name: string): void {
    this.#leaveOpen();
    if (name === "Correlation" && bytes[gt - 1] !== SLASH) {
      this.#correlation = this.#base + lt;
      this.#records.hold();
    } else if (name === "HealthData") {
      this.#opened = true;
      this.#closed = bytes[gt - 1] === SLASH;
      this.#locale ??= readStartTag(bytes.subarray(lt, gt + 1)).attributes.get("locale") ?? null;
    } else if (name === "ExportDate") {
      this.#exportDate ??= readStartTag(bytes.subarray(lt, gt + 1)).attributes.get("value") ?? null;
    }
  }

  /** Something begins that cannot be inside a workout or a correlation. */
  #leaveOpen(): void {
    if (this.#workout >= 0) this.#dropWorkout("has no end");
    if (this.#correlation >= 0) this.#endCorrelation(true);
  }

  #dropWorkout(why: string): void {
    this.#report("broken-workout", `a workout that ${why}`, this.#workout, true);
    this.#workout = -1;
    this.#givenUp = true;
  }

  #endCorrelation(lost: boolean): void {
    if (lost && !this.#cut) {
      this.#report(
        "broken-correlation",
        "a correlation that has no end",
        this.#correlation - this.#base,
        false,
      );
    }
    this.#records.release(lost);
    this.#correlation = -1;
  }

  /**
   * A `<` whose tag is not all there is before the next `<`: text behind it, a raw `<` in an attribute, a tag cut short,
   * or no tag at all. Returns where to go on, −1 at the end of the bytes, −2 to wait for more.
   */
  #irregular(bytes: Buffer, lt: number, end: number, eof: boolean): number {
    const next = end < bytes.length ? end : -1;
    const first = bytes[lt + 1] ?? 0;
    if (!isLetter(first) && first !== SLASH) {
      this.#report("unexpected-text", "a stray <", lt, true);
      this.#inDebris = true;
      return next < 0 ? -1 : this.#nextTag(bytes, next);
    }
    const name = nameAt(bytes, first === SLASH ? lt + 2 : lt + 1);
    const gt = endOfTag(bytes, lt, end);
    if (gt >= 0) {
      this.#tag(bytes, lt, gt, first);
      if (KNOWN.has(name)) this.#inDebris = false;
      else this.#inDebris = true;
      return this.#nextTag(bytes, gt + 1);
    }
    const boundary = this.#nextBoundary(bytes, end);
    if (boundary < 0 && !eof && bytes.length - lt <= MARKUP_LIMIT) {
      this.#wait(lt, eof);
      return -2;
    }
    const close = endOfTag(bytes, lt, boundary < 0 ? bytes.length : boundary);
    if (close >= 0) {
      this.#report("unescaped-markup", `a raw < in ${describe(bytes, lt)}`, lt, false);
      this.#tag(bytes, lt, close, first);
      return this.#nextTag(bytes, close + 1);
    }
    if (boundary < 0 && eof) {
      this.#wait(lt, eof);
      return -2;
    }
    this.elements++;
    this.#report("broken-element", `the rest of ${describe(bytes, lt)} is missing`, lt, true);
    return boundary < 0 ? this.#nextTag(bytes, lt + 1) : boundary;
  }

  /** The next `<` that begins a tag of a known element, or markup that is no element; −1 when there is none. */
  #nextBoundary(bytes: Buffer, from: number): number {
    for (let at = from; at >= 0 && at < bytes.length; at = bytes.indexOf(LT, at + 1)) {
      const first = bytes[at + 1];
      if (first === QUESTION || bytes.toString("latin1", at, at + 4) === "<!--") return at;
      if (KNOWN.has(nameAt(bytes, first === SLASH ? at + 2 : at + 1))) return at;
    }
    return -1;
  }

  /**
   * The index behind a comment, CDATA section, processing instruction or document type; −1 when it is not all there
   * yet, −2 for a document type that has to be left in another way.
   */
  #endOfSpecial(bytes: Buffer, lt: number, eof: boolean): number {
    const head = bytes.toString("latin1", lt, lt + 9);
    if (head.length < 9 && !eof && !head.startsWith("<!--") && !head.startsWith("<?")) return -1;
    const long = bytes.length - lt > MARKUP_LIMIT;
    if (head === "<!DOCTYPE") {
      const end = endOfDoctype(bytes.toString("latin1", lt, lt + MARKUP_LIMIT), 0);
      if (end >= 0) return lt + end;
      return eof || long ? -2 : -1;
    }
    const terminator = head.startsWith("<!--")
      ? "-->"
      : head === "<![CDATA["
        ? "]]>"
        : head.startsWith("<?")
          ? "?>"
          : ">";
    const from = Math.max(lt + 2, (this.#without.get(terminator) ?? 0) - this.#base);
    const end = bytes.indexOf(terminator, from, "latin1");
    // Where there should be no `<` inside, the end behind one is somebody else's.
    const isOwn = end >= 0 && (terminator !== ">" || !bytes.subarray(lt + 2, end).includes(LT));
    if (isOwn) return end + terminator.length;
    if (end < 0) this.#without.set(terminator, this.#base + bytes.length - terminator.length + 1);
    if (end < 0 && !long && (!eof || bytes.indexOf(LT, lt + 2) < 0)) return -1;
    this.#report(
      "unexpected-text",
      `a ${terminator === ">" ? "declaration" : head.slice(0, 4)} without an end`,
      lt,
      true,
    );
    this.#inDebris = true;
    return lt + 2;
  }

  /** Skips to the first element that can only be the export's; returns its index, or −1 when more bytes are needed. */
  #leaveDoctype(bytes: Buffer, from: number, eof: boolean): number {
    if (!this.#inDoctype) {
      this.#inDoctype = true;
      this.#report("document-type", "a document type that does not end as it should", from, false);
    }
    for (let at = bytes.indexOf(LT, from); at >= 0; at = bytes.indexOf(LT, at + 1)) {
      if (bytes.length - at <= LONGEST_NAME && !eof) {
        this.#at = at;
        return -1;
      }
      if (TOP_LEVEL.has(nameAt(bytes, at + 1))) {
        this.#inDoctype = false;
        return at;
      }
    }
    this.#at = bytes.length;
    return -1;
  }

  #cutOff(at: number, where: string): void {
    this.#cut = true;
    this.#report("truncated", `the file ends ${where}`, at, true);
  }

  #report(code: string, message: string, at: number, loss: boolean): void {
    this.#damageCount++;
    if (this.#damage.length < DAMAGE_LIMIT)
      this.#damage.push({ code, message, offset: this.#base + at, loss });
    else if (loss) this.#damageLoss = true;
  }
}

const RECORD = Buffer.from("Record");
const WORKOUT = Buffer.from("Workout");
const METADATA_ENTRY = Buffer.from("MetadataEntry");
const BEATS = Buffer.from("InstantaneousBeatsPerMinute");
const LOCATION = Buffer.from("Location");
const CORRELATION = Buffer.from("Correlation");
const HEALTH_DATA = Buffer.from("HealthData");

/** The name at `at`, empty when none ends properly. */
function nameAt(bytes: Buffer, at: number): string {
  for (let end = at; end < at + LONGEST_NAME; end++) {
    const byte = bytes[end];
    if (byte === undefined) return "";
    if (isLetter(byte)) continue;
    return isSpace(byte) || byte === GT || byte === SLASH ? bytes.toString("latin1", at, end) : "";
  }
  return "";
}

/** Whether an element can be called what stands at `at`. */
function isName(bytes: Buffer, at: number): boolean {
  return /^[\w:.-]+(?:[\s/>]|$)/.test(bytes.toString("latin1", at, at + LONGEST_NAME));
}

/** `<Record`, for a message; names that no DTD has are not repeated. */
function describe(bytes: Buffer, lt: number): string {
  const closing = bytes[lt + 1] === SLASH;
  const name = nameAt(bytes, closing ? lt + 2 : lt + 1);
  return KNOWN.has(name) ? `<${closing ? "/" : ""}${name}>` : "an element";
}
