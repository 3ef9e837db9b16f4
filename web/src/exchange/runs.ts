/** What the files of a partner say, in the order in which it is read. */
import type { FileRunView } from "@/api/schema";

/** The last file of each kind, taken in first; the server lists the newest first. */
export function lastOf(runs: readonly FileRunView[]): readonly FileRunView[] {
  return ["import", "export"].flatMap((kind) => runs.filter((one) => one.kind === kind).slice(0, 1));
}

/** What became of the rows: nothing that did not happen, the most first; equals by name. */
export function cameOf(run: FileRunView): readonly (readonly [string, number])[] {
  const counts = Object.entries(run.counts).filter(([, many]) => many > 0);
  return counts.toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b));
}
