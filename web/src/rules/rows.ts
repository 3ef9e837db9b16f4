/** Rows of a condition as somebody adds and changes them in the form. */
import type { ConditionForm, ConditionRow, LevelForm, RuleForm, RuleWords, VoteRow } from "@/api/schema";
import type { SeverityName } from "@/parts/names";

/** What a new row can be. */
export const NEW_ROWS = ["value", "counted", "group", "vote", "term", "text"] as const;
export type NewRow = (typeof NEW_ROWS)[number];

const BLANK: ConditionRow = {
  kind: "compare", text: "", measurement: "", aggregate: "", window: "", inner_operator: "", inner_limit: "", inner_unit: "", group: "",
  operator: ">", limit: "", unit: "", upper: "", upper_unit: "", votes: [],
};

/** The unit of a measurement as it is written; a pure number has none. */
export function unitOf(words: RuleWords | null, key: string): string {
  const unit = words?.measurements.find((one) => one.key === key)?.unit ?? "";
  return unit === "1" ? "" : unit;
}

/** A row of a kind, filled in as far as it can be. */
export function blankRow(kind: NewRow, words: RuleWords | null): ConditionRow {
  const measurement = words?.measurements[0]?.key ?? "";
  const unit = unitOf(words, measurement);
  const counted = { measurement, inner_operator: ">", inner_unit: unit };
  switch (kind) {
    case "counted":
      return { ...BLANK, ...counted, aggregate: "share", window: "1 h", limit: "50", unit: "%" };
    case "group":
      return { ...BLANK, ...counted, kind: "group", aggregate: "count", group: words?.groups[0] ?? "", operator: ">=", limit: "2" };
    case "vote":
      return { ...BLANK, kind: "vote", operator: "", limit: "2", votes: [1, 2, 3].map(() => blankVote(words)) };
    case "term":
      return { ...BLANK, kind: "term", measurement: words?.terms[0] ?? "", operator: "is" };
    case "text":
      return { ...BLANK, kind: "text", operator: "" };
    default:
      return { ...BLANK, measurement, unit };
  }
}

export function blankVote(words: RuleWords | null): VoteRow {
  const { votes: _none, ...row } = blankRow("value", words);
  return row;
}

export function blankCondition(words: RuleWords | null): ConditionForm {
  return { join: "all", parts: [[blankRow("value", words)]] };
}

/** Whether an aggregate counts a comparison, in a group or over time. */
export function counts(words: RuleWords | null, row: VoteRow): boolean {
  const known = row.kind === "group" ? words?.group_counts : words?.counts;
  return known?.includes(row.aggregate) ?? row.inner_operator !== "";
}

const OWN_UNITS: Readonly<Record<string, string>> = { share: "%", count: "", time: "min", changes: "" };

/** After another aggregate was chosen: what it needs is there, what it has no use for is gone. */
export function settle(row: VoteRow, words: RuleWords | null): void {
  const unit = unitOf(words, row.measurement);
  if (row.aggregate !== "" && counts(words, row)) {
    row.inner_operator ||= ">";
    row.inner_unit ||= unit;
  } else {
    row.inner_operator = row.inner_limit = row.inner_unit = "";
  }
  if (row.kind === "compare") row.window = row.aggregate ? row.window || "10 min" : "";
  row.unit = row.aggregate ? (OWN_UNITS[row.aggregate] ?? unit) : unit;
}

/** A part of a condition joined to the one above it: its rows become a group. */
export function joinAbove(condition: ConditionForm, part: number): void {
  const [rows] = condition.parts.splice(part, 1);
  condition.parts[part - 1]?.push(...(rows ?? []));
}

/** The rows of a group as rows of their own. */
export function ungroup(condition: ConditionForm, part: number): void {
  const rows = condition.parts[part] ?? [];
  condition.parts.splice(part, 1, ...rows.map((row) => [row]));
}

const RISING: readonly SeverityName[] = ["info", "low", "medium", "high", "critical"];

/** One severity more: above the worst, or the next below the least where that is critical. A plain rule becomes two levels. */
export function addLevel(form: RuleForm, words: RuleWords | null): void {
  if (form.levels.length === 0) {
    form.levels.push({
      origin: -1, severity: form.severity, when: form.when ?? blankCondition(words), for: form.for, clear: form.clear ?? null, clear_for: form.clear_for,
    });
    form.severity = form.for = form.clear_for = "";
    form.when = form.clear = null;
  }
  const taken = new Set(form.levels.map((one) => one.severity));
  const highest = RISING.findLastIndex((one) => taken.has(one));
  const above = RISING.slice(highest + 1)[0];
  const severity = above ?? RISING.toReversed().find((one) => !taken.has(one));
  if (severity === undefined) return;
  const like = above ? form.levels.at(-1) : form.levels[0];
  const level: LevelForm = { origin: -1, severity, when: untouched(like?.when ?? blankCondition(words)), for: like?.for ?? "", clear: null, clear_for: "" };
  if (above) form.levels.push(level);
  else form.levels.splice(place(form.levels, severity), 0, level);
}

/** One severity less; the last one that is left is a plain rule again. */
export function removeLevel(form: RuleForm, at: number): void {
  form.levels.splice(at, 1);
  const [only, ...others] = form.levels;
  if (!only || others.length > 0) return;
  form.severity = only.severity;
  form.when = only.when;
  form.for = only.for;
  form.clear = only.clear ?? form.clear ?? null;
  form.clear_for = only.clear_for || form.clear_for;
  form.levels = [];
}

export function moveLevel(form: RuleForm, at: number, by: -1 | 1): void {
  const [level] = form.levels.splice(at, 1);
  if (level) form.levels.splice(at + by, 0, level);
}

function place(levels: readonly LevelForm[], severity: SeverityName): number {
  const rank = RISING.indexOf(severity);
  const found = levels.findIndex((one) => RISING.indexOf(one.severity as SeverityName) > rank);
  return found < 0 ? levels.length : found;
}

/** A copy whose rows are written anew. */
function untouched(condition: ConditionForm): ConditionForm {
  const copy = JSON.parse(JSON.stringify(condition)) as ConditionForm;
  for (const row of copy.parts.flat()) if (row.kind !== "text") row.text = "";
  return copy;
}
