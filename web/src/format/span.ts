/** Stretches of time that people ask for, by the calendar of the zone; never by that of the browser. */
import { DAY_MS, dayKey, DEFAULT_ZONE, fromLocal } from "./time";

export const SPANS = ["days7", "days30", "month", "lastMonth", "days90", "year", "own"] as const;
export type SpanName = (typeof SPANS)[number];

/** What the server evaluates at once. */
export const LONGEST_DAYS = 400;

export interface Span {
  readonly from_ms: number;
  readonly to_ms: number;
}

/** Dates as a date field has them, both meant; empty where nothing was chosen. */
export interface OwnDays {
  readonly first: string;
  readonly last: string;
}

/** The first of the month that many months before the one of a day. */
function firstOfMonth(day: string, back: number): string {
  const [year = 0, month = 1] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 - back, 1)).toISOString().slice(0, 10);
}

const nextDay = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);

/** The stretch [from, to); never beyond now; `null` if the own days are none, the wrong way round, or too many. */
export function spanOf(name: SpanName, nowMs: number, own: OwnDays, zone = DEFAULT_ZONE): Span | null {
  const today = dayKey(nowMs, zone);
  const midnight = (day: string): number => fromLocal(`${day}T00:00`, zone) ?? Number.NaN;
  switch (name) {
    case "days7":
    case "days30":
    case "days90":
      return { from_ms: nowMs - Number(name.slice(4)) * DAY_MS, to_ms: nowMs };
    case "month":
      return { from_ms: midnight(firstOfMonth(today, 0)), to_ms: nowMs };
    case "lastMonth":
      return { from_ms: midnight(firstOfMonth(today, 1)), to_ms: midnight(firstOfMonth(today, 0)) };
    case "year":
      return { from_ms: midnight(`${today.slice(0, 4)}-01-01`), to_ms: nowMs };
    case "own": {
      if (!/^\d{4}-\d{2}-\d{2}$/.test(own.first) || !/^\d{4}-\d{2}-\d{2}$/.test(own.last)) return null;
      const from_ms = midnight(own.first);
      const to_ms = Math.min(midnight(nextDay(own.last)), nowMs);
      return from_ms < to_ms && to_ms - from_ms <= LONGEST_DAYS * DAY_MS ? { from_ms, to_ms } : null;
    }
  }
}
