/** Which rule a first run shows, and the one limit of it that can be changed there. */
import type { ConditionRow, RuleDetail, RuleForm, RuleSummary } from "@/api/schema";

/** Rules of these classes that load. */
export const ofClasses = (rules: readonly RuleSummary[], classes: ReadonlySet<string>): readonly RuleSummary[] =>
  rules.filter((one) => classes.has(one.class_id) && one.state !== "broken");

/** Rules whose condition names something that is measured, the shortest first: those are the easiest to understand. */
export function readable(rules: readonly RuleSummary[], measured: ReadonlySet<string>): readonly RuleSummary[] {
  const named = rules.filter((one) => (one.when.match(/[A-Za-z_][\w.]*/g) ?? []).some((word) => measured.has(word)));
  return named.toSorted((one, other) => one.when.length - other.when.length);
}

/** Whether everything the rule reads is measured at the facility. */
export const fits = (rule: RuleDetail, measured: ReadonlySet<string>): boolean =>
  rule.draft.sound && rule.draft.measurements.length > 0 && rule.draft.measurements.every((one) => measured.has(one.key));

/** The first comparison with a number in a form: its limit is what people change; null where there is none. */
export function limitOf(form: RuleForm | null): ConditionRow | null {
  const condition = form?.when ?? form?.levels[0]?.when;
  const row = condition?.parts.flat().find((one) => one.kind === "compare" && one.limit.trim() !== "" && Number.isFinite(Number(one.limit)));
  return row ?? null;
}
