/** Which alarms have just arrived while the page was open: their rows light up for a moment. */
import { onScopeDispose, shallowRef, type ShallowRef } from "vue";
import { onLive } from "./store";

const SHOWN_MS = 8_000;

export function useFresh(): ShallowRef<ReadonlySet<string>> {
  const fresh = shallowRef<ReadonlySet<string>>(new Set());
  const timers = new Set<ReturnType<typeof setTimeout>>();
  onLive("alarm", (event) => {
    if (event.what !== "opened" && event.what !== "reopened" && event.what !== "rise") return;
    fresh.value = new Set([...fresh.value, event.id]);
    const timer = setTimeout(() => {
      timers.delete(timer);
      fresh.value = new Set([...fresh.value].filter((id) => id !== event.id));
    }, SHOWN_MS);
    timers.add(timer);
  });
  onScopeDispose(() => {
    for (const timer of timers) clearTimeout(timer);
  });
  return fresh;
}
