/** A resource that is remembered on the phone: without signal the last answer is shown, with its age. */
import { shallowRef, type ShallowRef } from "vue";
import { ApiError } from "@/api/client";
import { useResource, type Resource, type ResourceOptions } from "@/api/resource";
import { nowMs } from "@/live/clock";
import { me } from "@/session/session";
import { keep, recall } from "./memory";

export interface KeptResource<T> extends Resource<T> {
  /** When what is shown was loaded, if it is not the server's present answer. */
  readonly asOf: ShallowRef<number | null>;
}

/** With half a signal nobody looks at an empty page for longer, if there is something to show. */
const PATIENCE_MS = 4_000;

/** @throws {ApiError} `unavailable` when `answer` takes longer. */
function within<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ApiError("unavailable", 0, {})), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const isAway = (failure: unknown): boolean => failure instanceof ApiError && (failure.kind === "offline" || failure.kind === "unavailable");

export function useKept<T>(name: string | (() => string), load: (signal: { signal: AbortSignal }) => Promise<T>, options: ResourceOptions): KeptResource<T> {
  const asOf = shallowRef<number | null>(null);
  const user = me.value?.username ?? "";
  const resource = useResource<T>(async (signal) => {
    const as = typeof name === "string" ? name : name();
    const answer = load(signal).then((found) => {
      keep(user, as, found, nowMs());
      return found;
    });
    try {
      const found = await (recall(user, as) === null ? answer : within(answer, PATIENCE_MS));
      asOf.value = null;
      return found;
    } catch (failure) {
      const known = recall<T>(user, as);
      if (!isAway(failure) || !known) throw failure;
      asOf.value = known.at_ms;
      void replaceLate(answer, signal.signal);
      return known.value;
    }
  }, options);

  /** The answer may come after all; what is shown by then is replaced, unless the page has asked anew. */
  async function replaceLate(answer: Promise<T>, asked: AbortSignal): Promise<void> {
    const found = await answer.catch(() => null);
    if (found === null || asked.aborted) return;
    resource.data.value = found;
    asOf.value = null;
  }
  return { ...resource, asOf };
}
