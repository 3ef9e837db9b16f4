/** Where somebody is: a step and, for steps of one unit, the unit; kept in the address so that it survives a reload. */
import { readonly, shallowRef } from "vue";

export const STEPS = ["find", "identify", "read", "prove", "place", "sign", "bus"] as const;
/** Steps, and what is beside them: writing a profile. */
const PLACES = [...STEPS, "profile"] as const;
export type StepName = (typeof PLACES)[number];

export interface Place {
  readonly step: StepName;
  readonly unit: number | null;
}

/** From `#/read/7`. */
export function parse(hash: string): Place {
  const [, name = "", number = ""] = hash.replace(/^#/, "").split("/");
  const step = PLACES.find((one) => one === name) ?? "find";
  return { step, unit: /^\d{1,3}$/.test(number) ? Number(number) : null };
}

const here = shallowRef<Place>(parse(location.hash));
export const place = readonly(here);

export function address(step: StepName, unit: number | null): string {
  return unit === null ? `#/${step}` : `#/${step}/${unit}`;
}

export function go(step: StepName, unit: number | null = here.value.unit): void {
  location.hash = address(step, unit);
}

addEventListener("hashchange", () => {
  here.value = parse(location.hash);
  scrollTo(0, 0);
});
