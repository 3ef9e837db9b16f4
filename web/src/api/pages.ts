/** A list that is read page by page. Live reloads read its first page again and keep what was read below it. */
import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef, type WatchSource } from "vue";
import { onLive } from "@/live/store";
import type { Kind } from "@/live/messages";
import { ApiError } from "./client";
import type { PageOf } from "./routes";
import { reloads } from "./reloads";
import type { Resource } from "./resource";

export interface PagedList<T> extends Resource<readonly T[]> {
  readonly more: ComputedRef<boolean>;
  readonly loadingMore: ShallowRef<boolean>;
  loadMore: () => Promise<void>;
  /** Put a changed item in place of the old one. */
  replace: (item: T) => void;
}

export function usePages<T extends { readonly id: string | number }>(
  load: (cursor: string, signal: { signal: AbortSignal }) => Promise<PageOf<T>>,
  options: { readonly on: WatchSource; readonly live: readonly Kind[] },
): PagedList<T> {
  const data = shallowRef<readonly T[] | null>(null);
  const error = shallowRef<ApiError | null>(null);
  const loading = shallowRef(true);
  const loadingMore = shallowRef(false);
  const cursor = shallowRef("");
  let deep = false;
  let running: AbortController | null = null;

  async function read(at: string, use: (page: PageOf<T>) => void): Promise<void> {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    try {
      const page = await load(at, { signal: mine.signal });
      if (mine.signal.aborted) return;
      use(page);
      error.value = null;
    } catch (failure) {
      if (mine.signal.aborted) return;
      if (!(failure instanceof ApiError)) throw failure;
      error.value = failure;
    }
  }

  async function readFirst(): Promise<void> {
    loading.value = true;
    await read("", (page) => {
      const known = new Set(page.items.map((item) => item.id));
      const below = deep ? (data.value ?? []).filter((item) => !known.has(item.id)) : [];
      data.value = [...page.items, ...below];
      if (!deep) cursor.value = page.next_cursor ?? "";
    });
    loading.value = false;
  }

  async function readNext(): Promise<void> {
    loadingMore.value = true;
    await read(cursor.value, (page) => {
      deep = true;
      const known = new Set((data.value ?? []).map((item) => item.id));
      data.value = [...(data.value ?? []), ...page.items.filter((item) => !known.has(item.id))];
      cursor.value = page.next_cursor ?? "";
    });
    loadingMore.value = false;
  }

  const { during, soon, stop } = reloads(readFirst);
  const reload = (): Promise<void> => during(readFirst);
  for (const kind of options.live) onLive(kind, soon);
  onLive("reset", soon);
  watch(options.on, () => {
    data.value = null;
    deep = false;
    void reload();
  });
  onScopeDispose(() => {
    running?.abort();
    stop();
  });
  void reload();
  return {
    data,
    error,
    loading,
    reload,
    more: computed(() => cursor.value !== ""),
    loadingMore,
    loadMore: () => during(readNext),
    replace: (item) => {
      data.value = data.value?.map((old) => (old.id === item.id ? item : old)) ?? null;
    },
  };
}
