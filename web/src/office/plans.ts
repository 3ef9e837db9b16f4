/** What the pages of preventive work decide: how a plan begins, what is missing in it, how its triggers read. */
import type { DueWork, FacilityRef, PlanDetail, PlanForm } from "@/api/schema";

export type PlanTrigger = PlanForm["triggers"][number];
export type TriggerKind = PlanTrigger["kind"];
export type DueState = DueWork["state"];
export const KINDS: readonly TriggerKind[] = ["calendar", "hours", "cycles", "condition"];
/** The most urgent first, as the server sorts them. */
export const STATES: readonly DueState[] = ["ready", "open", "held", "blind", "later"];
export const MONTHS: readonly number[] = Array.from({ length: 12 }, (_, at) => at + 1);
/** 0 is Monday. */
export const WEEKDAYS: readonly number[] = [0, 1, 2, 3, 4, 5, 6];

/** What a trigger of a kind begins with. */
export function triggerOf(kind: TriggerKind): PlanTrigger {
  const every = { calendar: 12, hours: 2000, cycles: 10_000, condition: 3 }[kind];
  return { kind, every, measurement: "", above: kind === "condition" ? 0 : null, below: null };
}

/** A facility of which only the number is known, as the server names it. */
export const numbered = (id: number): FacilityRef => ({ id, code: "", name: { zh: `#${id}`, en: `#${id}` }, class_id: "", class_name: { zh: "", en: "" }, provenance: "measured" });

/** What is chosen, with the names that were read meanwhile; nothing that could not be read is lost, nothing that was taken away comes back. */
export function withNames(chosen: readonly FacilityRef[], read: readonly FacilityRef[]): readonly FacilityRef[] {
  const names = new Map(read.map((one) => [one.id, one]));
  return chosen.map((one) => names.get(one.id) ?? one);
}

/** A plan as a form has it; a new one is yearly from today on. */
export function draftOf(plan: PlanDetail | null, today: string): PlanForm {
  if (plan) {
    const { id: _id, ...form } = plan;
    return structuredClone(form);
  }
  return { code: "", class_id: "", work_zh: "", work_en: "", triggers: [triggerOf("calendar")], started_day: today, communities: [], facilities: [], months: [], weekdays: [], lead_days: 14, limit_days: 10, severity: "low", lead: "construction", active: true };
}

/** Why a trigger cannot be, as the key of a text; empty: it can. The server has the last word. */
export function wrongIn(trigger: PlanTrigger): "" | "every" | "months" | "measurement" | "limit" {
  if (!(trigger.every > 0)) return "every";
  if (trigger.kind === "calendar") return Number.isInteger(trigger.every) ? "" : "months";
  if (trigger.measurement === "") return "measurement";
  if (trigger.kind === "condition" && (trigger.above === null) === (trigger.below === null)) return "limit";
  return "";
}

/** A trigger with only what its kind has; a calendar has no measurement and only a condition has limits. */
export function tidied(trigger: PlanTrigger): PlanTrigger {
  return {
    kind: trigger.kind,
    every: trigger.every,
    measurement: trigger.kind === "calendar" ? "" : trigger.measurement,
    above: trigger.kind === "condition" ? trigger.above : null,
    below: trigger.kind === "condition" ? trigger.below : null,
  };
}

/** In or out of a list of numbers, which stays in order. */
export const toggled = (list: readonly number[], value: number): number[] =>
  list.includes(value) ? list.filter((one) => one !== value) : [...list, value].toSorted((a, b) => a - b);
