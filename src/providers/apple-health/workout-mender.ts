import { parseDate } from "./dates.ts";

/** A workout's element without what is damaged in it. */
export interface MendedWorkout {
  /** Every tag in it is whole, and every element ends where it must. */
  readonly xml: string;
  /** What could not be read, each kind once: `a damaged MetadataEntry`, `the end of a WorkoutRoute`. Empty when nothing was wrong. */
  readonly faults: ReadonlySet<string>;
}

/** The children of a workout, and what each of them can have in it. */
const CONTENT: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    MetadataEntry: [],
    WorkoutStatistics: [],
    FileReference: [],
    Location: [],
    WorkoutEvent: ["MetadataEntry"],
    WorkoutActivity: ["MetadataEntry", "WorkoutEvent", "WorkoutStatistics"],
    WorkoutRoute: ["MetadataEntry", "FileReference", "Location"],
  }).map(([name, content]) => [name.toLowerCase(), new Set(content.map((child) => child.toLowerCase()))]),
);

/** As Apple writes them, for messages. Names that no DTD has are not repeated. */
const NAMES: ReadonlyMap<string, string> = new Map(
  [
    "Workout",
    "MetadataEntry",
    "WorkoutStatistics",
    "FileReference",
    "Location",
    "WorkoutEvent",
    "WorkoutActivity",
    "WorkoutRoute",
  ].map((name) => [name.toLowerCase(), name]),
);

/** What is left of a tag between two others; plain text is some newer export's. */
const DEBRIS = /=\s*["']|["']\s*\/?>|[\u0000-\u0008\ufffd]/;

/** Fewer lost bytes in a row cannot hide the end of one workout and the beginning of another: `</Workout>\n <Workout …>`. */
const HOLE = 32;
/** Seconds by which a child may lie outside its workout, and still be its own. */
const TOLERANCE = 60;

interface Tag {
  readonly kind: "open" | "empty" | "close";
  /** In lower case. */
  readonly name: string;
  readonly text: string;
  /** Raw values by name in lower case. */
  readonly attributes: ReadonlyMap<string, string>;
}

interface Fault {
  readonly kind: "fault";
  /** What is damaged. */
  readonly what: string;
  /** Whether so much is lost there that another workout may go on behind it. */
  readonly isHole: boolean;
}

type Token = Tag | Fault;

/**
 * Takes apart a `<Workout>` element that is not written as Apple writes it, and leaves out what is damaged, so that nothing complete
 * behind it is lost and nothing is read into another element: of a tag that is cut short no attribute goes to the next one, an element
 * whose end is lost does not swallow its neighbours, and behind a hole that may hide the end of this workout and the beginning of
 * another nothing counts that lies outside this one's time. The start tag alone is kept as far as it is whole.
 */
export function mendWorkout(text: string): MendedWorkout {
  const faults = new Set<string>();
  const tokens = ownTokens(tokensOf(text), faults);
  // Positions are read from the bytes, and told there.
  for (const token of tokens)
    if (token.kind === "fault" && token.what !== "a damaged Location") faults.add(token.what);
  if (isBalanced(tokens))
    return { xml: tokens.map((token) => (token.kind === "fault" ? "" : token.text)).join("\n"), faults };
  return { xml: structured(tokens, faults), faults };
}

/** Whether every element ends where it must. Then it is not for us to say what can be in what: a newer export may know more. */
function isBalanced(tokens: readonly Token[]): boolean {
  const open: string[] = [];
  for (const token of tokens) {
    if (token.kind === "fault") return false;
    if (token.kind === "open") open.push(token.name);
    else if (token.kind === "close" && open.pop() !== token.name) return false;
  }
  return open.length === 0;
}

/** The tags of a text in their order, and what is none. Every byte is looked at a few times at the most. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const next = new Finder(text);
  let isStarted = false;
  let at = 0;
  const fault = (what: string, lost: string): void => {
    tokens.push({ kind: "fault", what, isHole: lostBytes(lost) >= HOLE });
  };
  for (let lt = text.indexOf("<"); lt >= 0; lt = text.indexOf("<", at)) {
    const between = text.slice(at, lt);
    const last = tokens.at(-1);
    // An element that nobody knows may have any text in it.
    const isText = last?.kind === "open" && !NAMES.has(last.name);
    if (!isText && DEBRIS.test(between)) fault("something that is no element", between);
    at = lt + 1;
    const special = /^<(?:!--|!\[CDATA\[|\?|!)/.exec(text.slice(lt, lt + 9))?.[0];
    if (special !== undefined) {
      const ending =
        special === "<!--" ? "-->" : special === "<![CDATA[" ? "]]>" : special === "<?" ? "?>" : ">";
      const end = next.of(ending, at);
      // One without an end is damage: where it begins nothing else does.
      if (end === text.length) fault("something that is no element", "");
      else at = end + ending.length;
      continue;
    }
    const near = next.of("<", lt + 1);
    let tag = tagAt(text, lt, near, next);
    // A raw `<` in an attribute, which real files have.
    if (!isTag(tag) && near < text.length) {
      const boundary = next.boundary(lt + 1);
      if (boundary > near) {
        const longer = tagAt(text, lt, boundary, next);
        if (isTag(longer)) tag = longer;
      }
    }
    if (isTag(tag)) {
      isStarted = true;
      tokens.push(tag);
      at = lt + tag.text.length;
      continue;
    }
    const name = NAMES.get(nameAt(text, lt + (text[lt + 1] === "/" ? 2 : 1)));
    // Without its start there would be no workout. What is whole of it is.
    if (name === "Workout" && !isStarted) {
      isStarted = true;
      const attributes = new Map([...tag.attributes, ...datesIn(text.slice(tag.end, near), tag.attributes)]);
      const dates = [...attributes].slice(tag.attributes.size).map(([key, value]) => ` ${key}="${value}"`);
      const whole = `${text.slice(lt, tag.end)}${dates.join("")}>`;
      tokens.push({ kind: "open", name: "workout", text: whole, attributes });
    }
    fault(name === undefined ? "something that is no element" : `a damaged ${name}`, text.slice(lt, near));
    at = near;
  }
  const rest = text.slice(at);
  if (DEBRIS.test(rest)) fault("something that is no element", rest);
  return tokens;
}

/** The dates behind damage in a start tag, for without them its workout has no place in time. Those behind a hole may be another's. */
function datesIn(text: string, known: ReadonlyMap<string, string>): (readonly [string, string])[] {
  if (lostBytes(text) > 0) return [];
  return [...text.matchAll(/\s(creationDate|startDate|endDate)="(\d{4}-[\d: +-]+)"/g)].flatMap(
    ([, key = "", value = ""]) => (known.has(key.toLowerCase()) ? [] : [[key.toLowerCase(), value] as const]),
  );
}

/** Zero bytes, and others that no text has, stand for what is lost. */
function lostBytes(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 9 || code === 0xfffd || (code > 13 && code < 32)) count++;
  }
  return count;
}

/** Where strings come next. Asked with growing places, so that each is searched for once. */
class Finder {
  readonly #text: string;
  readonly #found = new Map<string, { readonly from: number; readonly at: number }>();
  #boundary = { from: 0, at: -1 };

  constructor(text: string) {
    this.#text = text;
  }

  /** The next `what` at or behind `from`; the text's length when there is none. */
  of(what: string, from: number): number {
    const known = this.#found.get(what);
    if (known !== undefined && known.from <= from && from <= known.at) return known.at;
    const at = this.#text.indexOf(what, from);
    const found = at < 0 ? this.#text.length : at;
    this.#found.set(what, { from, at: found });
    return found;
  }

  /** The next `<` at or behind `from` that begins a tag of a known element, or markup that is none. */
  boundary(from: number): number {
    if (this.#boundary.from <= from && from <= this.#boundary.at) return this.#boundary.at;
    let at = this.of("<", from);
    while (at < this.#text.length && !this.#isBoundary(at)) at = this.of("<", at + 1);
    this.#boundary = { from, at };
    return at;
  }

  #isBoundary(at: number): boolean {
    const behind = this.#text[at + 1];
    if (behind === "!" || behind === "?") return true;
    return NAMES.has(nameAt(this.#text, at + (behind === "/" ? 2 : 1)));
  }
}

/** A name in lower case; empty where none ends properly. */
function nameAt(text: string, at: number): string {
  return /^[\w:.-]+(?=[\s/>])/.exec(text.slice(at, at + 60))?.[0].toLowerCase() ?? "";
}

/** What is whole of a tag that is not. */
interface BrokenTag {
  /** Behind the last attribute that is whole. */
  readonly end: number;
  readonly attributes: ReadonlyMap<string, string>;
}

function isTag(tag: Tag | BrokenTag): tag is Tag {
  return "kind" in tag;
}

const SPACE = /\s/;

/** The tag that begins at `lt` and ends before `limit`. Quotes may be of both kinds or missing; one too many or too few is damage. */
function tagAt(text: string, lt: number, limit: number, next: Finder): Tag | BrokenTag {
  const isClose = text[lt + 1] === "/";
  const from = lt + (isClose ? 2 : 1);
  const name = nameAt(text, from);
  const attributes = new Map<string, string>();
  let at = from + name.length;
  let whole = at;
  const broken = (): BrokenTag => ({ end: whole, attributes });
  if (name === "") return broken();
  for (;;) {
    while (at < limit && SPACE.test(text[at] ?? "")) at++;
    if (at >= limit) return broken();
    const isEmpty = text[at] === "/" && text[at + 1] === ">";
    if (isEmpty || text[at] === ">") {
      const kind = isClose ? "close" : isEmpty ? "empty" : "open";
      return { kind, name, text: text.slice(lt, at + (isEmpty ? 2 : 1)), attributes };
    }
    const start = at;
    while (at < limit && !/[\s=<>"'/\u0000-\u001f\ufffd]/.test(text[at] ?? "")) at++;
    if (at === start) return broken();
    const attribute = text.slice(start, at).toLowerCase();
    let equals = at;
    while (equals < limit && SPACE.test(text[equals] ?? "")) equals++;
    if (text[equals] === "=") {
      at = equals + 1;
      while (at < limit && SPACE.test(text[at] ?? "")) at++;
      const quote = text[at];
      let value: string;
      if (quote === '"' || quote === "'") {
        const close = next.of(quote, at + 1);
        if (close >= limit) return broken();
        value = text.slice(at + 1, close);
        // What closes it may be another's quote.
        const lost = lostBytes(value);
        if (lost >= HOLE || (lost > 0 && attribute.endsWith("date"))) return broken();
        at = close + 1;
      } else {
        const begin = at;
        while (at < limit && !/[\s<>"']/.test(text[at] ?? "") && !(text[at] === "/" && text[at + 1] === ">"))
          at++;
        if (at === begin || at >= limit || /["'<]/.test(text[at] ?? "")) return broken();
        value = text.slice(begin, at);
        if (lostBytes(value) > 0) return broken();
      }
      if (!attributes.has(attribute)) attributes.set(attribute, value);
    }
    whole = at;
  }
}

/** Without what belongs to another workout, whose beginning was lost together with the end of this one. */
function ownTokens(tokens: readonly Token[], faults: Set<string>): readonly Token[] {
  const damagedFrom = tokens.findIndex((token) => token.kind === "fault");
  const first = tokens.find((token) => token.kind !== "fault");
  if (damagedFrom < 0 || first === undefined) return tokens;
  const start = parseDate(first.attributes.get("startdate"));
  const end = parseDate(first.attributes.get("enddate"));
  /** Behind the last element of which it is sure whose it is. */
  let sure = damagedFrom;
  let behindHole = false;
  for (let at = damagedFrom; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.kind === "fault") {
      behindHole ||= token.isHole;
      continue;
    }
    const date = parseDate(token.attributes.get("startdate") ?? token.attributes.get("date"));
    if (date === null || start === null || end === null) continue;
    if (date < start - TOLERANCE || date > end + TOLERANCE) {
      faults.add("something that may belong to another workout");
      return tokens.slice(0, sure + 1);
    }
    sure = at;
    behindHole = false;
  }
  return behindHole ? tokens.slice(0, sure + 1) : tokens;
}

/** The tags as an element in which everything ends where it must. What may belong to either of two elements is left out. */
function structured(tokens: readonly Token[], faults: Set<string>): string {
  const out = tokens.map((token) => (token.kind === "fault" ? "" : token.text));
  const ends = new Map<number, string>();
  const openCount = new Map<string, number>();
  const popped = (element: OpenElement | undefined): void => {
    if (element) openCount.set(element.tag.name, (openCount.get(element.tag.name) ?? 1) - 1);
  };
  const endOf = lastEnds(tokens);
  /** Open elements, the workout first. */
  const open: OpenElement[] = [];
  const lost = (what: "beginning" | "end", name: string): void => {
    const known = NAMES.get(name);
    if (known !== undefined && known !== "Location") faults.add(`the ${what} of a ${known}`);
  };
  /** Ends an element in front of a token. */
  const close = (at: number): void => {
    const element = open.pop();
    if (element === undefined) return;
    popped(element);
    ends.set(at, (ends.get(at) ?? "") + endTagOf(element.tag));
    lost("end", element.tag.name);
  };
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) continue;
    if (token.kind === "fault") {
      // What goes on behind a hole may be another leg or lap; of two routes of one workout it is all the same.
      while (token.isHole && open.length > 1 && open.at(-1)?.tag.name !== "workoutroute") close(at);
      continue;
    }
    const { name, kind } = token;
    const root = open[0];
    if (kind === "close") {
      const depth =
        (openCount.get(name) ?? 0) === 0 ? -1 : open.findLastIndex((element) => element.tag.name === name);
      if (depth < 0) {
        out[at] = "";
        lost("beginning", name);
        forgetContent(tokens, out, at);
        continue;
      }
      while (open.length > depth + 1) close(at);
      popped(open.pop());
      continue;
    }
    const top = open.at(-1);
    if (root !== undefined && top !== undefined && top !== root) {
      const content = CONTENT.get(top.tag.name);
      const isForeign = content !== undefined && CONTENT.has(name) && !content.has(name);
      const isUndecided = top.tag.name === "workoutactivity" && name === "workoutstatistics" && !top.hasEnd;
      if (isForeign || (isUndecided && isOfWhole(token, top, root.tag))) close(at);
    }
    if (kind === "empty") continue;
    const content = CONTENT.get(name);
    const isRoot = open.length === 0;
    // A leaf ends with the very next tag; of an unknown element nobody knows more than that an end comes somewhere.
    const hasEnd =
      isRoot || (content === undefined ? (endOf.get(name) ?? -1) > at : closes(tokens, at, name));
    if (hasEnd || name === "workoutactivity" || name === "workoutroute") {
      openCount.set(name, (openCount.get(name) ?? 0) + 1);
      open.push({ tag: token, hasEnd, last: hasEnd ? new Map() : lastStatistics(tokens, at) });
      continue;
    }
    out[at] = `${token.text.slice(0, -1)}/>`;
    lost("end", name);
    // What an event without an end has in it, and what stands behind one that has lost its slash, look alike.
    if (name === "workoutevent") {
      while (isNamed(tokens[at + 1], "metadataentry")) out[++at] = "";
    }
  }
  while (open.length > 1) close(out.push("") - 1);
  return `${out.map((text, at) => (ends.get(at) ?? "") + text).join("\n")}${open[0] === undefined ? "" : endTagOf(open[0].tag)}`;
}

interface OpenElement {
  readonly tag: Tag;
  readonly hasEnd: boolean;
  /** Of a leg without an end: where the last statistic of each kind stands that comes twice in what may be its content. */
  readonly last: Map<string, Token>;
}

function endTagOf({ name, text }: Tag): string {
  return `</${text.slice(1, 1 + name.length)}>`;
}

function isNamed(token: Token | undefined, name: string): boolean {
  return token !== undefined && token.kind !== "fault" && token.name === name;
}

/** Where each name's last end tag stands. */
function lastEnds(tokens: readonly Token[]): Map<string, number> {
  return new Map(tokens.flatMap((token, at) => (token.kind === "close" ? [[token.name, at] as const] : [])));
}

/** Whether the end tag of a known element comes before anything that cannot be in it. */
function closes(tokens: readonly Token[], from: number, name: string): boolean {
  const content = CONTENT.get(name);
  for (let at = from + 1; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined || token.kind === "fault") continue;
    if (token.name === name) return token.kind === "close";
    if (content?.has(token.name) !== true) return false;
  }
  return false;
}

/**
 * Takes out what an element had in it whose beginning is lost: back to the damage, as far as it can be its own. Where there is no sign
 * of any, what is of one kind with the last.
 */
function forgetContent(tokens: readonly Token[], out: string[], end: number): void {
  const token = tokens[end];
  const content = token === undefined || token.kind === "fault" ? undefined : CONTENT.get(token.name);
  if (content === undefined) return;
  let from = end;
  let sameFrom = end;
  for (; from > 0; from--) {
    const before = tokens[from - 1];
    if (before === undefined || before.kind === "fault" || !content.has(before.name) || out[from - 1] === "")
      break;
    if (sameFrom === from && isNamed(tokens[end - 1], before.name)) sameFrom--;
  }
  const cause = tokens[from - 1];
  const isDamage =
    cause?.kind === "fault" ||
    (cause?.kind === "open" && !CONTENT.has(cause.name) && cause.name !== "workout");
  if (!isDamage) from = sameFrom;
  out.fill("", from, end);
}

function typeOf(statistic: Tag): string {
  return statistic.attributes.get("type") ?? "";
}

function lastStatistics(tokens: readonly Token[], leg: number): Map<string, Token> {
  const seen = new Set<string>();
  const last = new Map<string, Token>();
  const content = CONTENT.get("workoutactivity");
  for (let at = leg + 1; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined || token.kind === "fault") continue;
    if (content?.has(token.name) !== true) break;
    if (token.name !== "workoutstatistics") continue;
    if (seen.has(typeOf(token))) last.set(typeOf(token), token);
    seen.add(typeOf(token));
  }
  return last;
}

/**
 * Whether a statistic behind a leg whose end is lost is the workout's own: the second of its kind is, and an only one that has the
 * workout's time and not the leg's.
 */
function isOfWhole(statistic: Tag, leg: OpenElement, workout: Tag): boolean {
  const second = leg.last.get(typeOf(statistic));
  if (second !== undefined) return second === statistic;
  const time = ({ attributes }: Tag): string => `${attributes.get("startdate")} ${attributes.get("enddate")}`;
  return time(statistic) === time(workout) && time(statistic) !== time(leg.tag);
}
