/** Lines of a case's or task's history in words. */
import type { HistoryEntry } from "@/api/schema";
import type { Language } from "@/format/time";
import { i18n, language, say } from "@/i18n";
import type { Line } from "./TimeLine.vue";

/** Their note is a severity. */
const GRADED: ReadonlySet<string> = new Set(["raised", "risen", "fallen"]);

/** Their note repeats what the line beside it says in words. */
const STATES: ReadonlySet<string> = new Set(["proven", "returned", "still_on"]);

/** Their note says the same in both languages, Chinese first. */
const TWICE: ReadonlySet<string> = new Set(["planned", "unfit", "corrected", "assigned", "escalated", "covers", "ladder_person", "ladder_on_duty", "ladder_supervisor", "ladder_leads"]);

/** Their note is what opened the case, by number; the cards beside it show that itself. */
const BY_NUMBER: ReadonlySet<string> = new Set(["opened"]);

/** What of a note that says everything twice is in this language. */
export function inLanguage(note: string, spoken: Language): string {
  const [zh = "", ...en] = note.split(" / ");
  return spoken === "zh" || en.length === 0 ? zh : en.join(" / ");
}

function noteOf(entry: HistoryEntry): string {
  const { t, te } = i18n.global;
  if (STATES.has(entry.note) || BY_NUMBER.has(entry.what)) return "";
  if (TWICE.has(entry.what) || entry.alarm_id) return inLanguage(entry.note, language());
  return GRADED.has(entry.what) && te(`severity.${entry.note}`) ? t(`severity.${entry.note}`) : entry.note;
}

export function historyLines(entries: readonly HistoryEntry[]): readonly Line[] {
  const { t, te } = i18n.global;
  return entries.map((entry, key) => ({
    key,
    time_ms: entry.time_ms,
    text: te(`did.${entry.what}`) ? t(`did.${entry.what}`) : entry.what,
    by: say(entry.by),
    note: noteOf(entry),
    to: entry.alarm_id && !BY_NUMBER.has(entry.what) ? `/alarms/${entry.alarm_id}` : "",
  }));
}
