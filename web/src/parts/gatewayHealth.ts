/** What a gateway says of itself, in words: the metrics `Health/…` of its births (docs/wire.md). */
import { duration, type Language } from "@/format/time";
import { bytes, count, measured, percent } from "@/format/units";

/** How a value is written; `time` is a moment in milliseconds, 0 for none. */
type Kind = "count" | "percent" | "bytes" | "seconds" | "time" | "yes";

/** By metric: the word's key under `gateways.metric`, and how its value is written. In the order in which they are shown. */
const METRICS: Readonly<Record<string, readonly [string, Kind]>> = {
  "Health/Clock doubtful": ["clockDoubtful", "yes"],
  "Health/Clock steps": ["clockSteps", "count"],
  "Health/Disk used %": ["diskUsed", "percent"],
  "Health/Disk fill level": ["diskLevel", "percent"],
  "Health/Spool used %": ["spoolUsed", "percent"],
  "Health/Spool bytes": ["spoolBytes", "bytes"],
  "Health/Spool readings": ["spoolReadings", "count"],
  "Health/Spool oldest ms": ["spoolOldest", "time"],
  "Health/Spool newest ms": ["spoolNewest", "time"],
  "Health/Spool oldest s": ["spoolAge", "seconds"],
  "Health/Spool held readings": ["spoolHeld", "count"],
  "Health/Spool thinned": ["spoolThinned", "count"],
  "Health/Spool gap readings": ["spoolGaps", "count"],
  "Health/Spool damaged records": ["spoolDamaged", "count"],
  "Health/Spool rollbacks": ["spoolRollbacks", "count"],
  "Health/Spool failures": ["spoolFailures", "count"],
  "Health/In flight bytes": ["inFlight", "bytes"],
  "Health/Readings read": ["read", "count"],
  "Health/Readings committed": ["committed", "count"],
  "Health/Readings evicted": ["evicted", "count"],
  "Health/Polls ok": ["pollsOk", "count"],
  "Health/Polls failed": ["pollsFailed", "count"],
  "Health/Slots missed": ["slotsMissed", "count"],
  "Health/Adapter rejected": ["rejected", "count"],
};
const BUS = /^Health\/Bus (.+) (used %|connected|units silent)$/;
const OF_BUS: Readonly<Record<string, readonly [string, Kind]>> = {
  "used %": ["busUsed", "percent"],
  connected: ["busConnected", "yes"],
  "units silent": ["busSilent", "count"],
};
const PLACES = new Map(Object.keys(METRICS).map((name, place) => [name, place]));

export interface HealthLine {
  readonly metric: string;
  /** Under `gateways.metric`; empty for a metric without a word, which is shown by its name. */
  readonly key: string;
  readonly bus: string;
  readonly kind: Kind | "plain";
  readonly value: number;
}

/** Buses first, then what is known in its order, then the rest by name. */
export function healthLines(health: Readonly<Record<string, number>>): readonly HealthLine[] {
  const lines = Object.entries(health).map(([metric, value]): HealthLine => {
    const bus = BUS.exec(metric);
    const [key, kind] = (bus ? OF_BUS[bus[2] ?? ""] : METRICS[metric]) ?? (["", "plain"] as const);
    return { metric, key, bus: key && bus ? (bus[1] ?? "") : "", kind, value };
  });
  const place = (line: HealthLine): number => (line.bus ? -1 : (PLACES.get(line.metric) ?? PLACES.size));
  return lines.toSorted((a, b) => place(a) - place(b) || a.metric.localeCompare(b.metric, "en"));
}

/** A value in words; of a moment the caller makes a time, and `null` says that it is one. */
export function healthValue({ kind, value }: HealthLine, language: Language, words: { yes: string; no: string }): string | null {
  switch (kind) {
    case "count": return count(value, language);
    case "percent": return percent(value / 100, language);
    case "bytes": return bytes(value, language);
    case "seconds": return duration(value * 1000, language);
    case "yes": return value ? words.yes : words.no;
    case "time": return value > 0 ? null : "–";
    case "plain": return measured(value, language);
  }
}
