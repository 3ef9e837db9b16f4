/** What a page loads, with its three honest states: loading, failed (and what may still be shown), there. */
import { onScopeDispose, shallowRef, watch, type ShallowRef, type WatchSource } from "vue";
import { onLive, OPENED } from "@/live/store";
import type { Kind } from "@/live/messages";
import { ApiError } from "./client";
import { reloads } from "./reloads";

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
  /** Of those events only the ones about this alarm, case, task or flag. */
  readonly about?: string;
  /** What many events touch and each changes little of: of all that come within so long a time one load. */
  readonly settleMs?: number;
  /** Load again this often, for what the stream does not carry. */
  readonly everyMs?: number;
}

export function useResource<T>(load: (signal: { signal: AbortSignal }) => Promise<T>, options: ResourceOptions = {}): Resource<T> {
  const data = shallowRef<T | null>(null) as ShallowRef<T | null>;
  const error = shallowRef<ApiError | null>(null);
  const loading = shallowRef(true);
  let running: AbortController | null = null;

  async function read(): Promise<void> {
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

  const { during, soon, stop } = reloads(read, options.settleMs);
  const reload = (): Promise<void> => during(read);
  const kinds = options.live ?? [];
  for (const kind of kinds) {
    onLive(kind, (event) => {
      if (options.about === undefined || ("id" in event && String(event.id) === options.about)) soon();
    });
  }
  onLive("reset", ({ reason }) => {
    if (kinds.length > 0 || reason !== OPENED) soon();
  });
  if (options.on) {
    watch(options.on, () => {
      data.value = null;
      void reload();
    });
  }
  const timer = options.everyMs === undefined ? undefined : setInterval(soon, options.everyMs);
  onScopeDispose(() => {
    running?.abort();
    stop();
    clearInterval(timer);
  });
  void reload();
  return { data, error, loading, reload };
}
