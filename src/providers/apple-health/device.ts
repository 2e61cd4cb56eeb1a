/** The parts of an `HKDevice` description that say what the thing is. */
export interface Device {
  readonly name: string | null;
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly hardware: string | null;
}

const KEYS = [
  "name",
  "manufacturer",
  "model",
  "hardware",
  "firmware",
  "software",
  "localIdentifier",
  "UDIDeviceIdentifier",
  "creation date",
];

// Values hold commas (`Watch7,2`) and colons, so only a comma before one of the known keys separates.
const SEPARATOR = new RegExp(`, (?=(?:${KEYS.join("|")}):)`);

/**
 * Reads `<<HKDevice: 0xc937f6fa0>, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch7,2, …>`.
 * The pointer is another one in every export and is dropped.
 */
export function parseDevice(text: string): Device {
  const parts = new Map<string, string>();
  const body = text.replace(/^\s*<+\s*HKDevice[^>]*>\s*/, "").replace(/>\s*$/, "");
  for (const part of body.replace(/^, /, "").split(SEPARATOR)) {
    const colon = part.indexOf(":");
    const value = part.slice(colon + 1).trim();
    if (colon > 0 && value !== "" && value !== "(null)") parts.set(part.slice(0, colon), value);
  }
  const get = (key: string): string | null => parts.get(key) ?? null;
  return {
    name: get("name"),
    manufacturer: get("manufacturer"),
    model: get("model"),
    hardware: get("hardware"),
  };
}

/** The description without its pointer: equal for equal devices, whichever export it comes from. */
export function withoutPointer(text: string): string {
  return text.replaceAll(/0x[0-9a-f]+/gi, "0x0");
}

/**
 * `Apple Watch Watch7,2`: maker and model in words, with Apple's model number. Names and identifiers may be a
 * person's or a serial number and stay out. Null when nothing is said.
 */
export function deviceInWords(text: string | null): string | null {
  if (text === null || text.trim() === "") return null;
  const device = parseDevice(text);
  const maker =
    device.manufacturer?.replace(/,?\s+(?:Inc|Ltd|Corp|Co|LLC|GmbH|AG|Oyj?|AB|S\.A)\.?$/i, "") ?? null;
  // A sensor's name ends in its serial number (`Polar H10 8A5B2C29`), so the name only serves where no model is given.
  const model = device.model ?? device.name?.replace(/\s+[0-9A-F]{6,}$/i, "") ?? null;
  const words: string[] = [];
  if (maker !== null && model?.toLowerCase().startsWith(maker.toLowerCase()) !== true) words.push(maker);
  if (model !== null) words.push(model);
  // Other makers put a revision or a serial number there.
  if (device.hardware !== null && device.hardware !== model && /^[A-Za-z]+\d+,\d+$/.test(device.hardware)) {
    words.push(device.hardware);
  }
  if (words.length > 0) return words.join(" ");
  const bare = withoutPointer(text).replaceAll(/[<>]/g, " ").trim();
  return bare === "" || /^HKDevice|:/.test(bare) ? null : bare;
}
