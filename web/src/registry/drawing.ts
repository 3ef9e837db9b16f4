/** A cell that is being drawn: the corners in its text, one more, one less, and what the server says of it meanwhile. */
import { onScopeDispose, shallowRef, watch, type Ref } from "vue";
import { ApiError } from "@/api/client";
import type { CellPreviewView } from "@/api/schema";
import { previewCell } from "./routes";

const PAUSE_MS = 500;

const corners = (text: string): string[] => text.split(",").map((one) => one.trim()).filter(Boolean);
/** What was pasted as GeoJSON is taken as a whole; a press begins anew. */
export const isPasted = (text: string): boolean => text.trimStart().startsWith("{");
export function withCorner(text: string, longitude: number, latitude: number): string {
  const corner = `${longitude.toFixed(7)} ${latitude.toFixed(7)}`;
  return isPasted(text) ? corner : [...corners(text), corner].join(", ");
}
export const withoutLast = (text: string): string => (isPasted(text) ? "" : corners(text).slice(0, -1).join(", "));

/** Asks when whoever draws pauses; an answer that was overtaken is dropped. */
export function useCellPreview(active: Ref<boolean>, code: Ref<string>, fields: Ref<Readonly<Record<string, string>>>) {
  const shown = shallowRef<CellPreviewView | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | undefined;
  function stop(): void {
    clearTimeout(timer);
    running?.abort();
  }
  async function ask(): Promise<void> {
    const mine = new AbortController();
    running = mine;
    try {
      shown.value = await previewCell({ code: code.value, fields: fields.value }, { signal: mine.signal });
    } catch (failure) {
      if (mine.signal.aborted) return;
      if (!(failure instanceof ApiError)) throw failure;
      shown.value = null; // without signal nothing is said; the server checks again when it is saved
    }
  }
  watch(
    [active, code, () => JSON.stringify(fields.value)],
    () => {
      stop();
      if (!active.value || Object.keys(fields.value).length === 0) shown.value = null;
      else timer = setTimeout(() => void ask(), PAUSE_MS);
    },
    { immediate: true },
  );
  onScopeDispose(stop);
  return shown;
}
