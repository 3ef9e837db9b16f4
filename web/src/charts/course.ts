/** From the steps of a severity to the bars of its course. */
import { severityRank, type SeverityName } from "../parts/names";

export interface Step {
  readonly from_ms: number;
  readonly severity: SeverityName;
}

export interface Bar {
  readonly severity: SeverityName;
  readonly from_ms: number;
  readonly to_ms: number;
  /** Shares of the whole, 0 to 1: where it begins, how wide and how high it is. */
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

/** One bar for each step; the higher the severity, the higher the bar. */
export function barsOf(steps: readonly Step[], endMs: number): readonly Bar[] {
  const first = steps[0];
  if (!first) return [];
  const span = Math.max(1, endMs - first.from_ms);
  return steps.map(({ from_ms, severity }, index) => {
    const to = Math.max(from_ms, steps[index + 1]?.from_ms ?? endMs);
    return {
      severity,
      from_ms,
      to_ms: to,
      left: (from_ms - first.from_ms) / span,
      width: (to - from_ms) / span,
      height: (severityRank(severity) + 1) / 5,
    };
  });
}
