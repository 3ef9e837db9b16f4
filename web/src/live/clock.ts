/** The clock of the pages: the server's, because deadlines are the server's and phones are often wrong. */
import { readonly, ref } from "vue";

let offsetMs = 0;

/** Take the server's time from a message that has just arrived. */
export function syncClock(serverMs: number): void {
  const offset = serverMs - Date.now();
  // Below two seconds it is the network rather than the clock.
  offsetMs = Math.abs(offset) < 2_000 ? 0 : offset;
}

export function nowMs(): number {
  return Date.now() + offsetMs;
}

const now = ref(nowMs());
setInterval(() => {
  if (document.visibilityState === "visible") now.value = nowMs();
}, 1_000);
document.addEventListener("visibilitychange", () => {
  now.value = nowMs();
});

/** Ticks once a second while the page is seen. */
export const tick = readonly(now);
