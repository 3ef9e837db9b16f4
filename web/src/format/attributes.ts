/** Attributes of a facility that the product gives a meaning; what a city adds stays as the city wrote it. */
import { yuan } from "./money";
import { type Language } from "./time";
import { measured, withUnit } from "./units";

/** UCUM code of each (registry/classes and rules/book say what they are); `1` counts, and `fen` is money. */
const UNITS: Readonly<Record<string, string>> = {
  people_served: "1",
  renewal_cost_fen: "fen",
  tilt_danger: "[ppth]",
  tilt_evacuate: "[ppth]",
  static_pressure_min: "MPa",
  rated_current: "A",
  rated_power_kw: "kW",
  start_level: "m",
  design_level: "m",
  sockets: "1",
};
/** Facts that are yes or no, in numbers. */
const FACTS: ReadonlySet<string> = new Set(["household_inlet", "centre_meter"]);
/** Years, which have no thousands. */
const YEARS: ReadonlySet<string> = new Set(["build_year", "commissioned"]);

/** Names that have a text of their own: `facility.attribute.…`. */
export const KNOWN: readonly string[] = [...Object.keys(UNITS), ...FACTS, ...YEARS];

/** What people read for the value of an attribute; `words` for yes and no. */
export function attributeValue(key: string, value: number | string, language: Language, words: { yes: string; no: string }): string {
  const number = typeof value === "number" ? value : Number(value);
  if (value === "" || !Number.isFinite(number) || YEARS.has(key)) return String(value);
  if (FACTS.has(key)) return number === 0 ? words.no : words.yes;
  const unit = UNITS[key];
  if (unit === undefined) return String(value);
  if (unit === "fen") return yuan(number, language);
  return unit === "1" ? measured(number, language) : withUnit(number, unit, language);
}
