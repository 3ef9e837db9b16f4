/** Sums over the communities that somebody sees. */
import type { CommunityChange, CommunityOverview } from "@/api/schema";

const FIGURES = ["alarmed_before", "alarms_opened", "alarms_ended", "cases_before", "cases_opened", "cases_closed", "overdue_new", "unseen_ms", "unseen_before_ms"] as const;
export type Totals = Readonly<Record<(typeof FIGURES)[number], number>>;

export function totals(items: readonly CommunityChange[]): Totals {
  const sum = Object.fromEntries(FIGURES.map((figure) => [figure, items.reduce((total, one) => total + one[figure], 0)]));
  return sum as unknown as Totals;
}

/** How a community stands, in one word: an alarm or something overdue, something unseen, or nothing. */
export function standingOf(community: CommunityOverview): "fault" | "unseen" | "ok" {
  if (community.facilities.alarmed > 0 || community.cases.overdue > 0) return "fault";
  return community.facilities.unseen > 0 ? "unseen" : "ok";
}
