/** What the wall screen lives on: its figures, the cells of the map, since when the stream is broken, and a screen that stays lit. */
import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from "vue";
import { useResource, type Resource } from "@/api/resource";
import { getAlarms, getChanges, getCommunities, getCommunity, type PageOf } from "@/api/routes";
import type { AlarmSummary, CellView, CommunityChanges, CommunityList } from "@/api/schema";
import { nowMs, tick } from "@/live/clock";
import { linkState } from "@/live/store";
import { me } from "@/session/session";
import { troubleAt, type Trouble } from "./rotation";

const EVERY_MS = 30_000;
/** Of all that happens within so long, one load: a storm of alarms must not become a storm of requests. */
const SETTLE_MS = 2_000;
const CHANGES_EVERY_MS = 300_000;
const MAP_EVERY_MS = 6 * 3_600_000;
/** Communities whose cells are drawn: the worst ones; the map of a city of hundreds says nothing from five metres. */
const MOST_ON_MAP = 60;
const MOST_ALARMS = 50;

export interface Room {
  readonly communities: Resource<CommunityList>;
  readonly alarms: Resource<PageOf<AlarmSummary>>;
  readonly changes: Resource<CommunityChanges>;
  readonly cells: ShallowRef<ReadonlyMap<number, readonly CellView[]>>;
  readonly trouble: ComputedRef<Trouble>;
  /** For how long there has been trouble, or until the login ends. */
  readonly troubleMs: ComputedRef<number>;
}

/** The cells of the communities shown, loaded one after the other and again every few hours. */
function useCells(communities: Resource<CommunityList>): ShallowRef<ReadonlyMap<number, readonly CellView[]>> {
  const cells = shallowRef<ReadonlyMap<number, readonly CellView[]>>(new Map());
  const over = new AbortController();
  let loadedMs: number | null = null;
  async function load(): Promise<void> {
    const found = new Map<number, readonly CellView[]>();
    for (const { id } of (communities.data.value?.items ?? []).slice(0, MOST_ON_MAP)) {
      try {
        found.set(id, (await getCommunity(id, { signal: over.signal })).cells);
      } catch {
        // The others are drawn all the same; this one in a few hours, or when the stream is back.
        const known = cells.value.get(id);
        if (known) found.set(id, known);
      }
      if (over.signal.aborted) return;
    }
    cells.value = found;
  }
  watch(communities.data, (data) => {
    if (data === null || (loadedMs !== null && nowMs() - loadedMs < MAP_EVERY_MS)) return;
    loadedMs = nowMs();
    void load();
  }, { immediate: true });
  onScopeDispose(() => over.abort());
  return cells;
}

function askForLight(): void {
  if (document.visibilityState === "visible") void navigator.wakeLock?.request("screen").catch(() => undefined);
}

/** Ask the device to leave the screen on, where it can be asked; a page that was hidden asks anew. */
function keepLit(): void {
  askForLight();
  document.addEventListener("visibilitychange", askForLight);
  onScopeDispose(() => document.removeEventListener("visibilitychange", askForLight));
}

export function useRoom(): Room {
  const communities = useResource(getCommunities, { live: ["alarm", "case", "task"], settleMs: SETTLE_MS, everyMs: EVERY_MS });
  const alarms = useResource(({ signal }) => getAlarms({ attention: true, severity: "medium", limit: MOST_ALARMS }, { signal }), { live: ["alarm", "flag"], settleMs: SETTLE_MS, everyMs: EVERY_MS });
  const changes = useResource(getChanges, { everyMs: CHANGES_EVERY_MS });
  const lostSinceMs = shallowRef<number | null>(linkState.value === "open" ? null : nowMs());
  const loadedMs = shallowRef<number | null>(null);
  watch(linkState, (state) => {
    if (state === "open") lostSinceMs.value = null;
    else lostSinceMs.value ??= nowMs();
  });
  watch(communities.data, (data) => {
    if (data !== null) loadedMs.value = nowMs();
  });
  const standing = computed(() => ({ lostSinceMs: lostSinceMs.value, loadedMs: loadedMs.value, endsMs: me.value?.expires_ms ?? null }));
  const trouble = computed(() => troubleAt(tick.value, standing.value));
  const troubleMs = computed(() => {
    const { lostSinceMs: lost, loadedMs: loaded, endsMs } = standing.value;
    if (trouble.value === "ending") return Math.max(0, (endsMs ?? 0) - tick.value);
    return Math.max(0, tick.value - ((trouble.value === "lost" ? lost : loaded) ?? tick.value));
  });
  const cells = useCells(communities);
  keepLit();
  return { communities, alarms, changes, cells, trouble, troubleMs };
}
