/** Preventive plans in words. */
import { count, measured } from "@/format/units";
import { i18n, language } from "@/i18n";
import type { PlanTrigger } from "@/office/plans";

/** One trigger: "every 2,000 running hours". */
export function triggerWords(trigger: PlanTrigger): string {
  const { t } = i18n.global;
  const every = count(trigger.every, language());
  if (trigger.kind !== "condition") return t(`plans.reads.${trigger.kind}`, { every, measurement: trigger.measurement ?? "" }, trigger.every);
  const limit = measured(trigger.above ?? trigger.below, language());
  return t(trigger.above === null || trigger.above === undefined ? "plans.reads.below" : "plans.reads.above", { every, measurement: trigger.measurement ?? "", limit }, trigger.every);
}
