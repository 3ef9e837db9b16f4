/** The gate's list: months as spans, and the answer of the case log as a table for a spreadsheet. No clock, no network. */
import type { LogAnswerView, RulingRequest } from "@/api/schema";
import { fromLocal } from "@/format/time";

/** From the first of a month to the first of the next, in the installation's zone; `null`: no month. */
export function monthSpan(month: string): { readonly from_ms: number; readonly to_ms: number } | null {
  const found = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month);
  if (found === null) return null;
  const [year, number] = [Number(found[1]), Number(found[2])];
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, "0")}`;
  const [from, to] = [fromLocal(`${month}-01T00:00`), fromLocal(`${next}-01T00:00`)];
  return from === null || to === null ? null : { from_ms: from, to_ms: to };
}

/** The months up to this one, newest first. */
export function monthsBefore(month: string, count: number): readonly string[] {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return Array.from({ length: count }, (_none, back) => {
    const at = year * 12 + number - 1 - back;
    return `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}`;
  });
}

export const COUNTS = ["filed", "closed", "cancelled", "still_open", "in_time", "late", "rework", "labour_min"] as const;

/** Rows of what, and how many; names by whoever calls. */
export function logRows(answer: LogAnswerView, name: (key: string) => string, event: (key: string) => string | null, rest: string): readonly (readonly [string, number])[] {
  const rows: [string, number][] = COUNTS.map((key) => [name(key), answer[key]]);
  let unnamed = 0;
  for (const [key, value] of Object.entries(answer.by_event).toSorted((a, b) => b[1] - a[1])) {
    const called = event(key);
    if (called === null) unnamed += value;
    else rows.push([called, value]);
  }
  return unnamed > 0 ? [...rows, [rest, unnamed]] : rows;
}

function cell(value: string | number): string {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Text that a spreadsheet opens as a table: a mark for UTF-8, and nothing that it would take for a formula. */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  return `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

const NEED_WORDS: ReadonlySet<RulingRequest["verdict"]> = new Set(["return", "answer", "refer", "wait"] as const);

/** What is posted of a decision; who is sent away reads why, a case that it joins stands for itself, referring needs a department. */
export function rulingOf(verdict: RulingRequest["verdict"], words: string, more: { readonly case?: number; readonly event?: string; readonly department?: string } = {}): RulingRequest | null {
  const said = words.trim();
  if (NEED_WORDS.has(verdict) && said === "") return null;
  if (verdict === "join" && more.case === undefined) return null;
  if (verdict === "refer" && !more.department) return null;
  const department = verdict === "refer" ? (more.department ?? "") : "";
  return { verdict, words: said, department, ...(more.case === undefined ? {} : { case: more.case }), ...(more.event ? { event: more.event } : {}) };
}
