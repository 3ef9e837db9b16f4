/**
 * Which lines of a long list stand on the page, and which stretches of it are needed for them.
 *
 * All lines are equally high, so the place of each is a product and the list needs no measuring: ten thousand lines cost what the
 * forty in sight cost.
 */

export interface Sight {
  /** First line that is drawn, and the one behind the last. */
  readonly first: number;
  readonly end: number;
}

/** Lines beyond both edges, so that a quick wheel does not see the ground. */
const AROUND = 8;
/** Lines of one answer of the server. */
export const STRETCH = 100;

/** The lines to draw of `total`, `height` pixels each, in a box of `box` pixels that is scrolled down by `top`. */
export function sight(total: number, height: number, box: number, top: number): Sight {
  const first = Math.max(0, Math.min(total, Math.floor(top / height) - AROUND));
  const end = Math.max(first, Math.min(total, Math.ceil((top + box) / height) + AROUND));
  return { first, end };
}

/** Numbers of the stretches that hold these lines. */
export function stretchesOf({ first, end }: Sight): readonly number[] {
  if (end <= first) return [];
  const from = Math.floor(first / STRETCH);
  return Array.from({ length: Math.floor((end - 1) / STRETCH) - from + 1 }, (_, at) => from + at);
}

/** Where to scroll so that a line is wholly in the box; where it is already, nowhere. */
export function scrolledTo(line: number, height: number, box: number, top: number): number {
  if (line * height < top) return line * height;
  return Math.max(top, (line + 1) * height - box);
}

/** The line a key leads to from another; `null`: the key is none of ours. */
export function lineAfter(key: string, line: number, total: number, page: number): number | null {
  const steps: Readonly<Record<string, number>> = { ArrowDown: line + 1, ArrowUp: line - 1, PageDown: line + page, PageUp: line - page, Home: 0, End: total - 1 };
  const next = steps[key];
  return next === undefined || total === 0 ? null : Math.max(0, Math.min(total - 1, next));
}
