/** Lines of a case's or task's history in words. */
import type { HistoryEntry } from "@/api/schema";
import { i18n, say } from "@/i18n";
import type { Line } from "./TimeLine.vue";

/** Their note is a severity. */
const GRADED: ReadonlySet<string> = new Set(["raised", "risen", "fallen"]);

/** Their note repeats what the line beside it says in words. */
const STATES: ReadonlySet<string> = new Set(["proven", "returned", "still_on"]);

export function historyLines(entries: readonly HistoryEntry[]): readonly Line[] {
  const { t, te } = i18n.global;
  return entries.map((entry, key) => ({
    key,
    time_ms: entry.time_ms,
    text: te(`did.${entry.what}`) ? t(`did.${entry.what}`) : entry.what,
    by: say(entry.by),
    note: STATES.has(entry.note) ? "" : GRADED.has(entry.what) && te(`severity.${entry.note}`) ? t(`severity.${entry.note}`) : entry.note,
  }));
}
