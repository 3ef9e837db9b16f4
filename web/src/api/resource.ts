/** What a page loads, with its three honest states: loading, failed (and what may still be shown), there. */
import { onScopeDispose, shallowRef, watch, type ShallowRef, type WatchSource } from "vue";
import { onLive } from "@/live/store";
import type { Kind } from "@/live/messages";
import { ApiError } from "./client";

export interface Resource<T> {
  readonly data: ShallowRef<T | null>;
  readonly error: ShallowRef<ApiError | null>;
  readonly loading: ShallowRef<boolean>;
  reload: () => Promise<void>;
}

export interface ResourceOptions {
  /** Load anew, from nothing, when this changes. */
  readonly on?: WatchSource;
  /** Load again, keeping what is shown, when the stream says so. */
  readonly live?: readonly Kind[];
  /** Load again this often, for what the stream does not carry. */
  readonly everyMs?: number;
}

/** A burst of events costs one reload. */
const SETTLE_MS = 400;

export function useResource<T>(load: (signal: { signal: AbortSignal }) => Promise<T>, options: ResourceOptions = {}): Resource<T> {
  const data = shallowRef<T | null>(null) as ShallowRef<T | null>;
  const error = shallowRef<ApiError | null>(null);
  const loading = shallowRef(true);
  let running: AbortController | null = null;
  let settle: ReturnType<typeof setTimeout> | undefined;

  async function reload(): Promise<void> {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    loading.value = true;
    try {
      const answer = await load({ signal: mine.signal });
      if (mine.signal.aborted) return;
      data.value = answer;
      error.value = null;
    } catch (failure) {
      if (mine.signal.aborted) return;
      if (!(failure instanceof ApiError)) throw failure;
      error.value = failure;
    }
    loading.value = false;
  }

  function soon(): void {
    clearTimeout(settle);
    settle = setTimeout(() => void reload(), SETTLE_MS);
  }

  for (const kind of options.live ?? []) onLive(kind, soon);
  onLive("reset", soon);
  if (options.on) {
    watch(options.on, () => {
      data.value = null;
      void reload();
    });
  }
  const timer = options.everyMs === undefined ? undefined : setInterval(soon, options.everyMs);
  onScopeDispose(() => {
    running?.abort();
    clearTimeout(settle);
    clearInterval(timer);
  });
  void reload();
  return { data, error, loading, reload };
}
