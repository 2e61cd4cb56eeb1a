/**
 * HealthKit's units in the model's: metres, kcal, seconds, m/s, per minute, W, °C. The phone's settings choose what an
 * export writes, so any of them can turn up; a unit that is not here is null, never a guess.
 */

/** What a number measures, with the unit it is converted to. */
export type Dimension =
  | "length" // m
  | "energy" // kcal
  | "time" // s
  | "speed" // m/s
  | "frequency" // per minute
  | "power" // W
  | "temperature" // °C
  | "pressure" // hPa
  | "mets" // kcal/hr·kg
  | "count";

/** Multiply, then divide: 217 cm are 217 × 1 ÷ 100, without the noise of a factor that is no binary fraction. */
type Factor = readonly [times: number, by: number];

type Factors = ReadonlyMap<string, Factor>;

const LENGTH: Factors = new Map([
  ["m", [1, 1]],
  ["km", [1000, 1]],
  ["cm", [1, 100]],
  ["mm", [1, 1000]],
  ["mi", [1609.344, 1]],
  ["yd", [0.9144, 1]],
  ["ft", [0.3048, 1]],
  ["in", [0.0254, 1]],
]);

// `Cal` is the kilocalorie of food labels and of Apple's settings; `cal` is the physicist's.
const ENERGY: Factors = new Map([
  ["kcal", [1, 1]],
  ["Cal", [1, 1]],
  ["kJ", [1, 4.184]],
  ["J", [1, 4184]],
  ["cal", [1, 1000]],
]);

const TIME: Factors = new Map([
  ["s", [1, 1]],
  ["sec", [1, 1]],
  ["ms", [1, 1000]],
  ["min", [60, 1]],
  ["h", [3600, 1]],
  ["hr", [3600, 1]],
  ["d", [86_400, 1]],
  ["day", [86_400, 1]],
]);

const POWER: Factors = new Map([
  ["W", [1, 1]],
  ["kW", [1000, 1]],
]);

const PRESSURE: Factors = new Map([
  ["hPa", [1, 1]],
  ["mbar", [1, 1]],
  ["Pa", [1, 100]],
  ["kPa", [10, 1]],
  ["mmHg", [1.333_223_87, 1]],
  ["inHg", [33.863_886_67, 1]],
]);

const METS: Factors = new Map([
  ["kcal/hr·kg", [1, 1]],
  ["kcal/(kg·hr)", [1, 1]],
  ["kcal/(hr·kg)", [1, 1]],
  ["kcal/kg·hr", [1, 1]],
  ["Cal/hr·kg", [1, 1]],
]);

const COUNT: Factors = new Map([["count", [1, 1]]]);

/** `per(LENGTH, "km/hr")`: the factor of a unit that is something by time. */
function per(numerators: Factors, unit: string): Factor | undefined {
  const slash = unit.indexOf("/");
  if (slash < 0) return undefined;
  const numerator = numerators.get(unit.slice(0, slash));
  const time = TIME.get(unit.slice(slash + 1));
  return numerator === undefined || time === undefined
    ? undefined
    : [numerator[0] * time[1], numerator[1] * time[0]];
}

function perMinute(unit: string): Factor | undefined {
  const perSecond = per(COUNT, unit);
  return perSecond === undefined ? undefined : [perSecond[0] * 60, perSecond[1]];
}

const FACTORS: Readonly<Record<Exclude<Dimension, "temperature">, (unit: string) => Factor | undefined>> = {
  length: (unit) => LENGTH.get(unit),
  energy: (unit) => ENERGY.get(unit),
  time: (unit) => TIME.get(unit),
  power: (unit) => POWER.get(unit),
  pressure: (unit) => PRESSURE.get(unit),
  mets: (unit) => METS.get(unit),
  count: (unit) => COUNT.get(unit),
  speed: (unit) => per(LENGTH, unit),
  frequency: perMinute,
};

/** How to get from a unit to the dimension's; null when the unit is missing or not of that dimension. */
export function conversionOf(unit: string | null, dimension: Dimension): ((value: number) => number) | null {
  if (unit === null) return null;
  if (dimension === "temperature") return TEMPERATURES.get(unit) ?? null;
  const factor = FACTORS[dimension](unit);
  if (factor === undefined) return null;
  const [times, by] = factor;
  return (value) => (value * times) / by;
}

const TEMPERATURES: ReadonlyMap<string, (value: number) => number> = new Map([
  ["degC", (value: number) => value],
  ["degF", (value: number) => ((value - 32) * 5) / 9],
  ["K", (value: number) => value - 273.15],
]);

/**
 * The value in the dimension's unit; null when value or unit is missing, not a number, not of that dimension, or when
 * the result is beyond all numbers.
 */
export function convert(value: number | null, unit: string | null, dimension: Dimension): number | null {
  if (value === null || !Number.isFinite(value)) return null;
  const converted = conversionOf(unit, dimension)?.(value) ?? null;
  return converted === null || Number.isFinite(converted) ? converted : null;
}

/**
 * A number as HealthKit writes it. A decimal comma counts (seen under `en_FR`); grouped digits, `NaN`, infinities and
 * anything else are null.
 */
export function parseNumber(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const match = /^\s*([+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?)\s*$/.exec(text);
  if (match?.[1] === undefined) return null;
  const value = Number(match[1].replace(",", "."));
  return Number.isFinite(value) ? value : null;
}

/** A number with the unit it is written in. */
export interface Quantity {
  readonly value: number;
  readonly unit: string;
}

/** `"6575 cm"`; null for a text of another form. */
export function parseQuantity(text: string): Quantity | null {
  const match = /^\s*(\S+)\s+(\S.*?)\s*$/.exec(text);
  const value = parseNumber(match?.[1]);
  return value === null || match?.[2] === undefined ? null : { value, unit: match[2] };
}
