/** Lines of a case's or task's history in words. */
import type { HistoryEntry } from "@/api/schema";
import { i18n, say } from "@/i18n";
import type { Line } from "./TimeLine.vue";

export function historyLines(entries: readonly HistoryEntry[]): readonly Line[] {
  const { t, te } = i18n.global;
  return entries.map((entry, key) => ({
    key,
    time_ms: entry.time_ms,
    text: te(`did.${entry.what}`) ? t(`did.${entry.what}`) : entry.what,
    by: say(entry.by),
    note: entry.note,
  }));
}
