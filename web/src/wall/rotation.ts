/**
 * What the wall screen shows when, decided from the time alone: which panel, which page of a list, and by how much
 * everything stands aside, so that no pixel keeps one picture for weeks.
 */
export const PANEL_MS = 20_000;
export const PAGE_MS = 12_000;
const DRIFT_MS = 60_000;
const SWAP_MS = 3_600_000;
/** A drift of so many steps to each side, a step a minute. */
const DRIFT_STEPS = 6;

export const PANELS = ["alarms", "map", "changes"] as const;
export type Panel = (typeof PANELS)[number];

/** The panel of a moment; with a critical alarm on, every second one is that of the alarms. */
export function panelAt(nowMs: number, critical: boolean): Panel {
  const slot = Math.floor(nowMs / PANEL_MS);
  if (critical) return slot % 2 === 0 ? "alarms" : (PANELS[1 + (Math.floor(slot / 2) % 2)] ?? "alarms");
  return PANELS[slot % PANELS.length] ?? "alarms";
}

/** The part of a list that is shown: page after page, each of `size`, the first again after the last. */
export function pageAt<T>(items: readonly T[], size: number, nowMs: number): { readonly items: readonly T[]; readonly page: number; readonly pages: number } {
  const pages = Math.max(1, Math.ceil(items.length / size));
  const page = Math.floor(nowMs / PAGE_MS) % pages;
  return { items: items.slice(page * size, (page + 1) * size), page: page + 1, pages };
}

const zigzag = (step: number, most: number): number => Math.abs((step % (4 * most)) - 2 * most) - most;

/** How far everything is moved, -1 to 1 each way: a step a minute on a path that comes by every place within two days. */
export function driftAt(nowMs: number): { readonly x: number; readonly y: number } {
  const step = Math.floor(nowMs / DRIFT_MS);
  return { x: zigzag(step, DRIFT_STEPS) / DRIFT_STEPS, y: zigzag(Math.floor(step / 5), DRIFT_STEPS) / DRIFT_STEPS };
}

/** Whether the halves have changed places, as they do every hour. */
export const swappedAt = (nowMs: number): boolean => Math.floor(nowMs / SWAP_MS) % 2 === 1;

export type Trouble = "" | "lost" | "old" | "ending";
export interface Standing {
  /** Since when the stream has been other than open; `null`: it is open. */
  readonly lostSinceMs: number | null;
  /** When the figures came from the server; `null`: never. */
  readonly loadedMs: number | null;
  /** When the login ends. */
  readonly endsMs: number | null;
}
export const LOST_AFTER_MS = 10_000;
export const OLD_AFTER_MS = 90_000;
export const WARN_BEFORE_MS = 86_400_000;

/** What must be said loudly, the worst first. */
export function troubleAt(nowMs: number, of: Standing): Trouble {
  if (of.lostSinceMs !== null && nowMs - of.lostSinceMs >= LOST_AFTER_MS) return "lost";
  if (of.loadedMs !== null && nowMs - of.loadedMs >= OLD_AFTER_MS) return "old";
  return of.endsMs !== null && of.endsMs - nowMs < WARN_BEFORE_MS ? "ending" : "";
}
