/** The newest reading of a unit, loaded anew whenever something was read, solved or chosen. */
import { shallowRef, watch, type Ref, type ShallowRef } from "vue";
import { failed } from "@/parts/toast";
import { readingOf } from "./gateway";
import type { ReadingView, UnitView } from "./schema";

export function useReading(unit: () => UnitView, most: Ref<number>): ShallowRef<ReadingView | null> {
  const reading = shallowRef<ReadingView | null>(null);
  let asked = 0;
  watch(
    // Every state brings new objects; only what changes the reading counts.
    () => JSON.stringify([unit().unit, unit().snapshot_ms, unit().profile, unit().solution, unit().solved, most.value]),
    async () => {
      asked += 1;
      const mine = asked;
      try {
        const found = await readingOf(unit().unit, most.value);
        if (mine === asked) reading.value = found;
      } catch (failure) {
        failed(failure);
      }
    },
    { immediate: true },
  );
  return reading;
}
