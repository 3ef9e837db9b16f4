/** A long list of which only the stretches in sight are there; what changes is loaded again in place. */
import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from "vue";
import { ApiError } from "@/api/client";
import { reloads } from "@/api/reloads";
import type { EquipmentList, EquipmentRow } from "@/api/schema";
import { onLive, OPENED } from "@/live/store";
import { getEquipment, type Asked } from "./routes";
import { STRETCH, stretchesOf, type Sight } from "./window";

/** A wheel that is spun asks for where it stops. */
const REST_MS = 60;
/** Many alarms at once are one change of the list. */
const SETTLE_MS = 2_000;

export interface Stretches {
  /** Of the newest answer; `null` before the first. */
  readonly newest: ShallowRef<EquipmentList | null>;
  readonly total: ComputedRef<number>;
  readonly error: ShallowRef<ApiError | null>;
  readonly line: (index: number) => EquipmentRow | undefined;
  readonly reload: () => Promise<void>;
}

export function useStretches(asked: () => Asked, seen: (total: number) => Sight): Stretches {
  const newest = shallowRef<EquipmentList | null>(null);
  const error = shallowRef<ApiError | null>(null);
  /** Replaced with every answer, so that whoever draws from it hears of it. */
  const held = shallowRef<ReadonlyMap<number, readonly EquipmentRow[]>>(new Map());
  const total = computed(() => newest.value?.total ?? 0);
  let running = new AbortController();
  let asking = new Set<number>();
  let rest: ReturnType<typeof setTimeout> | undefined;

  async function load(stretch: number): Promise<void> {
    const mine = running;
    asking.add(stretch);
    try {
      const answer = await getEquipment(asked(), stretch * STRETCH, STRETCH, { signal: mine.signal });
      if (mine.signal.aborted) return;
      held.value = new Map(held.value).set(stretch, answer.items);
      newest.value = answer;
      error.value = null;
    } catch (failure) {
      if (mine.signal.aborted) return;
      if (!(failure instanceof ApiError)) throw failure;
      error.value = failure;
    } finally {
      if (mine === running) asking.delete(stretch);
    }
  }

  const wanted = (): readonly number[] => (newest.value === null ? [0] : stretchesOf(seen(total.value)));

  async function fill(): Promise<void> {
    await Promise.all(wanted().filter((one) => !held.value.has(one) && !asking.has(one)).map(load));
  }

  function begin(): void {
    running.abort();
    running = new AbortController();
    asking = new Set();
  }

  /** What is in sight anew, in place; the rest when it comes into sight. */
  async function reload(): Promise<void> {
    begin();
    const shown = wanted();
    const kept = new Map([...held.value].filter(([stretch]) => shown.includes(stretch)));
    held.value = kept;
    await Promise.all((shown.length > 0 ? shown : [0]).map(load));
  }

  const { soon, stop } = reloads(reload, SETTLE_MS);
  for (const kind of ["alarm", "case", "flag"] as const) onLive(kind, soon);
  onLive("reset", ({ reason }) => {
    if (reason !== OPENED) soon();
  });

  watch(
    () => JSON.stringify(asked()),
    () => {
      begin();
      held.value = new Map();
      newest.value = null;
      void fill();
    },
    { immediate: true },
  );
  watch(
    () => stretchesOf(seen(total.value)).join(" "),
    () => {
      clearTimeout(rest);
      rest = setTimeout(() => void fill(), REST_MS);
    },
  );
  onScopeDispose(() => {
    running.abort();
    clearTimeout(rest);
    stop();
  });

  return {
    newest,
    error,
    total,
    line: (index) => held.value.get(Math.floor(index / STRETCH))?.[index % STRETCH],
    reload,
  };
}
