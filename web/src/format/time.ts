/**
 * Times for people. Data carry milliseconds UTC; pages show them in the zone of the installation (Asia/Shanghai unless the
 * server says otherwise), absolute and relative, never depending on the zone of the browser.
 */
export type Language = "zh" | "en";

export const DEFAULT_ZONE = "Asia/Shanghai";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export const LOCALE: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(language: Language, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language}|${zone}|${JSON.stringify(options)}`;
  let known = formatters.get(key);
  if (!known) {
    known = new Intl.DateTimeFormat(LOCALE[language], { timeZone: zone, hourCycle: "h23", ...options });
    formatters.set(key, known);
  }
  return known;
}

/** `14:05`, or `14:05:09` with seconds. */
export function clockTime(timeMs: number, language: Language, zone = DEFAULT_ZONE, seconds = false): string {
  return formatter(language, zone, {
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
  }).format(timeMs);
}

/** `11月22日` / `22 Nov`. */
export function shortDate(timeMs: number, language: Language, zone = DEFAULT_ZONE): string {
  return formatter(language, zone, { month: "short", day: "numeric" }).format(timeMs);
}

/** The calendar day as `2026-11-22`, for comparisons. */
export function dayKey(timeMs: number, zone = DEFAULT_ZONE): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(timeMs);
}

/** Whole: `2026-11-22 14:05:09 (GMT+8)`, the same in both languages so that it can be quoted. */
export function fullTime(timeMs: number, zone = DEFAULT_ZONE): string {
  const parts = formatter("en", zone, {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "shortOffset",
  }).formatToParts(timeMs);
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")} (${part("timeZoneName")})`;
}

/** Time of day today, date and time otherwise. */
export function dayTime(timeMs: number, nowMs: number, language: Language, zone = DEFAULT_ZONE): string {
  const clock = clockTime(timeMs, language, zone);
  if (dayKey(timeMs, zone) === dayKey(nowMs, zone)) return clock;
  return `${shortDate(timeMs, language, zone)} ${clock}`;
}

/** How far the zone's clock is ahead of UTC at a moment. */
export function zoneOffsetMs(timeMs: number, zone = DEFAULT_ZONE): number {
  const parts = formatter("en", zone, {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(timeMs);
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((p) => p.type === type)?.value ?? 0);
  const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return local - Math.floor(timeMs / 1000) * 1000;
}

/** A moment as a field for date and time has it, by the zone's clock. */
export function toLocal(timeMs: number, zone = DEFAULT_ZONE): string {
  return new Date(timeMs + zoneOffsetMs(timeMs, zone)).toISOString().slice(0, 16);
}

/** The moment that such a field says; `null` if it is empty or none. */
export function fromLocal(text: string, zone = DEFAULT_ZONE): number | null {
  const local = text === "" ? Number.NaN : Date.parse(`${text}Z`);
  return Number.isNaN(local) ? null : local - zoneOffsetMs(local - zoneOffsetMs(local, zone), zone);
}

const TICK_STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10_080].map((minutes) => minutes * MINUTE_MS);

/** Round moments of the zone's clock within a span, at most `most` of them; the browser's own zone plays no part. */
export function timeTicks(fromMs: number, toMs: number, most: number, zone = DEFAULT_ZONE): readonly number[] {
  const offset = zoneOffsetMs(fromMs, zone);
  const step = TICK_STEPS_MS.find((size) => (toMs - fromMs) / size <= most) ?? Math.ceil((toMs - fromMs) / most / DAY_MS) * DAY_MS;
  const first = Math.ceil((fromMs + offset) / step) * step - offset;
  const out: number[] = [];
  for (let at = first; at <= toMs; at += step) out.push(at);
  return out;
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
  ["second", 1000],
];

const relatives: Partial<Record<Language, Intl.RelativeTimeFormat>> = {};

/** `3 min ago`, `in 2 hr`; towards zero, so "in 2 hr" never promises more than there is. */
export function relativeTime(timeMs: number, nowMs: number, language: Language): string {
  const relative = (relatives[language] ??= new Intl.RelativeTimeFormat(LOCALE[language], {
    numeric: "always",
    style: language === "zh" ? "long" : "short",
  }));
  const delta = timeMs - nowMs;
  for (const [unit, size] of STEPS) {
    if (Math.abs(delta) >= size) return relative.format(Math.trunc(delta / size), unit);
  }
  return language === "zh" ? "刚刚" : "just now";
}

/** A length of time in its two largest parts: `2 小时 5 分`, `1 d 3 h`. */
export function duration(lengthMs: number, language: Language): string {
  const words = language === "zh" ? ["天", "小时", "分", "秒"] : ["d", "h", "min", "s"];
  const sizes = [DAY_MS, HOUR_MS, MINUTE_MS, 1000];
  let rest = Math.max(0, Math.round(lengthMs / 1000) * 1000);
  const parts: string[] = [];
  for (const [index, size] of sizes.entries()) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${words[index]}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length > 0 ? parts.join(" ") : `0 ${words[3]}`;
}
