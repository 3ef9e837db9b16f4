/** The profile that is being written: it outlives a change of step and, on this device, a reload. */
import { ref, watch } from "vue";

const STORED = "twingrid.site.profile";

export interface Draft {
  readonly text: string;
  readonly name: string;
  /** Digest of the text of the gateway's that this one began with; empty: none. */
  readonly base: string;
}

const EMPTY: Draft = { text: "", name: "", base: "" };

/** A draft from what was stored; whatever is none is an empty one. */
export function draftOf(stored: string | null): Draft {
  try {
    const found: unknown = JSON.parse(stored ?? "");
    if (typeof found !== "object" || found === null) return EMPTY;
    const { text, name, base } = found as Record<string, unknown>;
    return typeof text === "string" && typeof name === "string" && typeof base === "string" ? { text, name, base } : EMPTY;
  } catch {
    return EMPTY;
  }
}

/** A draft kept on this device; a device that takes nothing keeps it for the visit. */
export function useDraft(storage: Storage) {
  const now = ref<Draft>(draftOf(storage.getItem(STORED)));
  const before = ref<Draft | null>(null);
  watch(now, (draft) => {
    try {
      storage.setItem(STORED, JSON.stringify(draft));
    } catch {
      // Full or forbidden: the draft lives as long as the page.
    }
  });
  const change = (part: Partial<Draft>): void => {
    now.value = { ...now.value, ...part };
  };
  /** Another text; the one before can be taken back. */
  const begin = (draft: Draft): void => {
    before.value = now.value.text.trim() && now.value.text !== draft.text ? now.value : null;
    now.value = draft;
  };
  const takeBack = (): void => {
    if (before.value) [now.value, before.value] = [before.value, null];
  };
  return { now, before, change, begin, takeBack };
}

/** Where a line begins and ends in a text; lines count from 1. A line that is not there is the last one. */
export function lineSpan(text: string, line: number): readonly [number, number] {
  let start = 0;
  for (let at = 1; at < line; at += 1) {
    const end = text.indexOf("\n", start);
    if (end < 0) break;
    start = end + 1;
  }
  const end = text.indexOf("\n", start);
  return [start, end < 0 ? text.length : end];
}

/** How many lines a text has. */
export function linesOf(text: string): number {
  return text.split("\n").length;
}
