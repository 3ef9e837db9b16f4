/** Units and numbers for people: data carry UCUM codes, pages show the signs people know. */
import { LOCALE, type Language } from "./time";

const SIGNS: Record<string, string> = {
  "1": "",
  Cel: "°C",
  K: "K",
  "[degF]": "°F",
  "[ppm]": "ppm",
  "[ppb]": "ppb",
  "[ppth]": "‰",
  "[pH]": "pH",
  "[NTU]": "NTU",
  "m[H2O]": "mH₂O",
  "kgf/cm2": "kgf/cm²",
  "[psi]": "psi",
  "[ft_i]": "ft",
  "[in_i]": "in",
  m2: "m²",
  m3: "m³",
  "m3/h": "m³/h",
  "m3/s": "m³/s",
  "m/s2": "m/s²",
  "[g]": "g",
  um: "µm",
  "ug/m3": "µg/m³",
  "ug/L": "µg/L",
  "mg/m3": "mg/m³",
  "uS/cm": "µS/cm",
  "W.h": "Wh",
  "kW.h": "kWh",
  "var.h": "varh",
  "kvar.h": "kvarh",
  "dB[SPL]": "dB",
  "dB[mW]": "dBm",
  "%[LEL]": "%LEL",
  "%[vol]": "%vol",
  "Bq/m3": "Bq/m³",
  Ohm: "Ω",
  kOhm: "kΩ",
  "/min": "r/min",
  "/s": "r/s",
  deg: "°",
  "'": "′",
  "''": "″",
};

/** The sign of a unit; an unknown code is shown as it is, never hidden. */
export function unitSign(code: string): string {
  return SIGNS[code] ?? code;
}

const formats = new Map<string, Intl.NumberFormat>();

/** A count with grouping. */
export function count(value: number, language: Language): string {
  return number(value, language, 0);
}

function number(value: number, language: Language, digits: number): string {
  const key = `${language}|${digits}`;
  let known = formats.get(key);
  if (!known) {
    known = new Intl.NumberFormat(LOCALE[language], { maximumFractionDigits: digits, minimumFractionDigits: digits });
    formats.set(key, known);
  }
  return known.format(value);
}

/** Decimals that leave about four significant digits, so that a value keeps its width while it changes. */
export function decimals(value: number): number {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size >= 1000) return 0;
  if (size >= 1000) return 0;
  if (size >= 100) return 1;
  if (size >= 1) return 2;
  return size === 0 ? 0 : 3;
}

/** A measured value without its unit; `null` and not-a-number read as a dash. */
export function measured(value: number | null | undefined, language: Language, digits?: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = number(value, language, digits ?? decimals(value));
  return digits === undefined && text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A value with its unit; `%`, `°`, `′` and `″` stand close, everything else after a space that does not break. */
export function withUnit(value: number | null | undefined, code: string, language: Language, digits?: number): string {
  const text = measured(value, language, digits);
  const sign = unitSign(code);
  if (sign === "" || text === "–") return text;
  return /^[%°′″‰]/.test(sign) && sign !== "°C" && sign !== "°F" ? `${text}${sign}` : `${text}\u00a0${sign}`;
}

/** A share of one in percent, as each language writes it; a dash where there is none. */
export function percent(share: number | null | undefined, language: Language, digits = 1): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return "–";
  return language === "zh" ? `${number(share * 100, language, digits)}%` : `${number(share * 100, language, digits)}\u00a0%`;
}

/** Bytes in binary steps. */
export function bytes(size: number, language: Language): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = size;
  let step = 0;
  while (value >= 1024 && step < units.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${number(value, language, step === 0 || value >= 100 ? 0 : 1)} ${units[step]}`;
}
