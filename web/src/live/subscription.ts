/**
 * Which facilities' values the one connection asks for: the union of what the tabs show.
 *
 * A change costs a reconnection, so the stream is asked anew only for a facility that it does not carry yet; what nobody
 * shows any more leaves with the next reconnection. Beyond the server's limit the tabs heard of last win.
 */
import { GONE_AFTER_MS, MOST_FACILITIES } from "./messages";

interface Tab {
  readonly facilities: readonly number[];
  readonly heard_ms: number;
}

export class Subscription {
  readonly #tabs = new Map<string, Tab>();
  #asked: readonly number[] = [];

  get size(): number {
    return this.#tabs.size;
  }

  /** What the connection should be opened with. */
  get asked(): readonly number[] {
    return this.#asked;
  }

  /** A tab has spoken. True when the connection must ask anew. */
  here(tab: string, facilities: readonly number[], nowMs: number): boolean {
    this.#tabs.delete(tab);
    this.#tabs.set(tab, { facilities, heard_ms: nowMs });
    const carried = new Set(this.#asked);
    if (facilities.every((facility) => carried.has(facility))) return false;
    this.#asked = this.#wanted();
    return true;
  }

  bye(tab: string): void {
    this.#tabs.delete(tab);
  }

  /** Forget tabs that crashed or froze without a goodbye. */
  sweep(nowMs: number): void {
    for (const [tab, { heard_ms }] of this.#tabs) if (nowMs - heard_ms > GONE_AFTER_MS) this.#tabs.delete(tab);
  }

  /** Before any reconnection: what is wanted now. */
  refresh(): readonly number[] {
    this.#asked = this.#wanted();
    return this.#asked;
  }

  #wanted(): readonly number[] {
    const wanted = new Set<number>();
    for (const { facilities } of [...this.#tabs.values()].toReversed()) {
      for (const facility of facilities) if (wanted.size < MOST_FACILITIES) wanted.add(facility);
    }
    return [...wanted].toSorted((a, b) => a - b);
  }
}
