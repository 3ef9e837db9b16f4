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

export function useKept<T>(name: string | (() => string), load: (signal: { signal: AbortSignal }) => Promise<T>, options: ResourceOptions): KeptResource<T> {
  const asOf = shallowRef<number | null>(null);
  const user = me.value?.username ?? "";
  const resource = useResource<T>(async (signal) => {
    const as = typeof name === "string" ? name : name();
    try {
      const answer = await load(signal);
      keep(user, as, answer, nowMs());
      asOf.value = null;
      return answer;
    } catch (failure) {
      const known = recall<T>(user, as);
      const away = failure instanceof ApiError && (failure.kind === "offline" || failure.kind === "unavailable");
      if (!away || !known) throw failure;
      asOf.value = known.at_ms;
      return known.value;
    }
  }, options);
  return { ...resource, asOf };
}
