/** How shares of the evaluation are read: what is said of them, and in which order. */
import type { EvaluationLine, Share, Tally } from "@/api/schema";

export type IndicatorName = Share["indicator"];
export type Amount = "name" | "cases" | "ended" | "tasks" | "load" | "waited_ms";
export type SortBy = Amount | IndicatorName;
export interface Order {
  readonly by: SortBy;
  /** From the most to the least. */
  readonly falling: boolean;
}

/** Of these less is better. */
const LESS: ReadonlySet<IndicatorName> = new Set<IndicatorName>(["rework", "false_alarm", "returned"]);
export const lessIsBetter = (indicator: IndicatorName): boolean => LESS.has(indicator);

/** Nothing was counted, too little to say more than the counts, or a share. */
export function sayable(share: Share, enough: number): "none" | "few" | "share" {
  if (share.tally.whole === 0 || share.value === null) return "none";
  return share.tally.whole < enough ? "few" : "share";
}

/** What peers have, as a share; `null` without any. */
export const shareOf = (tally: Tally | null): number | null => (tally === null || tally.whole === 0 ? null : tally.part / tally.whole);

/** A column's first order: names from A, what is good from the worst, everything else from the most. */
export function firstOrder(by: SortBy): Order {
  return { by, falling: by !== "name" && !(INDICATORS.has(by) && !lessIsBetter(by as IndicatorName)) };
}
const INDICATORS: ReadonlySet<string> = new Set<IndicatorName>([
  "filed_in_time",
  "dispatched_in_time",
  "dispatched_right",
  "accepted_in_time",
  "arrived_in_time",
  "handled_in_time",
  "verified_in_time",
  "rework",
  "false_alarm",
  "returned",
  "revisited",
  "solved",
  "satisfied",
]);

/** Lines in order. A share of which nothing is said comes last whichever way round; equals keep their order by name. */
export function inOrder(lines: readonly EvaluationLine[], order: Order, enough: number, nameOf: (line: EvaluationLine) => string): readonly EvaluationLine[] {
  const value = (line: EvaluationLine): number | null => {
    if (order.by === "name") return 0;
    if (!INDICATORS.has(order.by)) return line[order.by as Exclude<Amount, "name">];
    const share = line.shares.find((one) => one.indicator === order.by);
    return share && sayable(share, enough) === "share" ? share.value : null;
  };
  const turn = order.falling ? -1 : 1;
  return lines.toSorted((a, b) => {
    const [first, second] = [value(a), value(b)];
    if (first === null || second === null) return Number(first === null) - Number(second === null) || nameOf(a).localeCompare(nameOf(b));
    const names = nameOf(a).localeCompare(nameOf(b));
    if (order.by === "name") return turn * names;
    return turn * (first - second) || names;
  });
}

/** Lines with something that is told apart from peers, worse before better. */
export interface Told {
  readonly line: EvaluationLine;
  readonly share: Share;
}
export function toldApart(lines: readonly EvaluationLine[]): readonly Told[] {
  const all = lines.flatMap((line) => line.shares.filter((share) => share.standing === "better" || share.standing === "worse").map((share) => ({ line, share })));
  return all.toSorted((a, b) => Number(a.share.standing === "better") - Number(b.share.standing === "better"));
}
