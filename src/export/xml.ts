/** What XML 1.0 cannot hold at all, not even escaped. */
const FORBIDDEN =
  /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text for element content or a double-quoted attribute. */
export function escapeXml(text: string): string {
  return text.replace(FORBIDDEN, "").replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}

/** `<name>text</name>`, or nothing for a missing value. */
export function element(name: string, value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === "") return "";
  return `<${name}>${typeof value === "number" ? value : escapeXml(value)}</${name}>`;
}

/** `<name>children</name>`, or nothing when there are none. */
export function group(name: string, ...children: readonly string[]): string {
  const inner = children.join("");
  return inner === "" ? "" : `<${name}>${inner}</${name}>`;
}

/** At most so many decimals, and never exponential notation: `xsd:decimal` knows none. */
export function decimal(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** {@link decimal} of a value that may be missing. */
export function decimalOf(value: number | null | undefined, digits: number): string | undefined {
  return value === null || value === undefined ? undefined : decimal(value, digits);
}

/** A whole number in [min, max], or undefined. */
export function integerOf(value: number | null | undefined, min: number, max: number): number | undefined {
  if (value === null || value === undefined) return undefined;
  const whole = Math.round(value);
  return whole >= min && whole <= max ? whole : undefined;
}

/** `xsd:dateTime`. Of a session whose zone nobody knows it is the local text without `Z`. */
export function dateTime(ms: number, isUtc: boolean): string {
  const text = new Date(ms).toISOString();
  return isUtc ? text : text.slice(0, -1);
}

/** Degrees of longitude in [−180, 180): both schemas exclude 180, the same meridian as −180. */
export function longitude(degrees: number): string {
  return decimal(degrees === 180 ? -180 : degrees, 8);
}
