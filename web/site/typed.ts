/** What was typed from displays, by unit and quantity: it outlives the change of a step, never the page. */
import { reactive, ref } from "vue";

const STORED_BY = "twingrid.site.by";
const all = reactive<Record<number, Record<string, string>>>({});

/** What was typed for a unit. */
export function typedOf(unit: number): Record<string, string> {
  return (all[unit] ??= reactive({}));
}

/** Who reads and signs; kept on this device. */
export const by = ref(localStorage.getItem(STORED_BY) ?? "");

export function keepBy(): void {
  localStorage.setItem(STORED_BY, by.value.trim());
}
