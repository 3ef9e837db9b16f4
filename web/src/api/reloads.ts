/**
 * When to load again what the stream says has changed: a burst of events costs one load, and a load that runs is let finish.
 *
 * An event that arrives meanwhile asks for one more afterwards. Were the running one given up instead, a server slower than
 * the events come would never get an answer onto the page.
 */

/** A burst of events costs one load. */
export const SETTLE_MS = 400;

export interface Reloads {
  /** Do something; the loads that events ask for wait for it. */
  readonly during: (work: () => Promise<void>) => Promise<void>;
  /** Load soon. */
  readonly soon: () => void;
  /** No load begins any more. */
  readonly stop: () => void;
}

export function reloads(load: () => Promise<void>, settleMs = SETTLE_MS): Reloads {
  let busy = 0;
  let again = false;
  let stopped = false;
  let settle: ReturnType<typeof setTimeout> | undefined;

  function soon(): void {
    if (stopped) return;
    settle ??= setTimeout(() => {
      settle = undefined;
      if (busy > 0) again = true;
      else void during(load);
    }, settleMs);
  }

  async function during(work: () => Promise<void>): Promise<void> {
    busy += 1;
    try {
      await work();
    } finally {
      busy -= 1;
      if (busy === 0 && again) {
        again = false;
        soon();
      }
    }
  }

  return {
    during,
    soon,
    stop: () => {
      stopped = true;
      clearTimeout(settle);
    },
  };
}
