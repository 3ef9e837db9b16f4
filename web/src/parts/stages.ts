/** Which runs of the stages are shown first, and how a clock stands between two answers of the server. */
import type { StageClock } from "@/api/schema";

type Light = StageClock["light"];

export interface Runs {
  /** The newest run of every stage, in the order of the work. */
  readonly now: readonly StageClock[];
  /** Earlier ones, newest first. */
  readonly before: readonly StageClock[];
}

const ORDER: readonly StageClock["stage"][] = ["accept", "arrive", "handle", "verify"];

export function newestFirst(stages: readonly StageClock[]): Runs {
  const newest = new Map<StageClock["stage"], StageClock>();
  for (const one of stages) {
    const known = newest.get(one.stage);
    if (!known || known.id < one.id) newest.set(one.stage, one);
  }
  const now = ORDER.flatMap((stage) => newest.get(stage) ?? []);
  const before = stages.filter((one) => !now.includes(one)).toSorted((a, b) => b.id - a.id);
  return { now, before };
}

/** The light at a moment; a clock that stands still or has ended keeps what it showed. */
export function lightNow(one: StageClock, nowMs: number): Light {
  if (one.late) return "red";
  if (one.ended_ms !== null || one.paused_since_ms !== null) return one.light;
  if (nowMs > one.limit_ms) return "red";
  return nowMs >= one.warn_ms ? "amber" : "green";
}
