import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { reloads, SETTLE_MS } from "./reloads";

const LOAD_MS = 1_000;

describe("reloads", () => {
  let begun: number;
  let ended: number;

  async function load(): Promise<void> {
    begun += 1;
    await new Promise((resolve) => {
      setTimeout(resolve, LOAD_MS);
    });
    ended += 1;
  }

  beforeEach(() => {
    vi.useFakeTimers();
    begun = 0;
    ended = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("loads once for a burst", async () => {
    const asked = reloads(load);
    for (let n = 0; n < 10; n += 1) asked.soon();
    await vi.advanceTimersByTimeAsync(SETTLE_MS + LOAD_MS);
    expect([begun, ended]).toEqual([1, 1]);
  });

  it("loads again after the load in which an event arrived", async () => {
    const asked = reloads(load);
    void asked.during(load);
    asked.soon();
    await vi.advanceTimersByTimeAsync(LOAD_MS);
    expect([begun, ended]).toEqual([1, 1]);
    await vi.advanceTimersByTimeAsync(SETTLE_MS + LOAD_MS);
    expect([begun, ended]).toEqual([2, 2]);
  });

  it("gets answers onto the page though events come faster than the server answers", async () => {
    const asked = reloads(load);
    const events = setInterval(asked.soon, 100);
    await vi.advanceTimersByTimeAsync(60_000);
    clearInterval(events);
    expect(begun - ended).toBeLessThanOrEqual(1);
    expect(ended).toBeGreaterThan(30);
  });

  it("waits longer where much happens that changes little", async () => {
    const asked = reloads(load, 30_000);
    const events = setInterval(asked.soon, 1_000);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    clearInterval(events);
    expect(begun).toBeGreaterThanOrEqual(9);
    expect(begun).toBeLessThanOrEqual(10);
  });

  it("begins nothing after its page has gone", async () => {
    const asked = reloads(load);
    void asked.during(load);
    asked.soon();
    await vi.advanceTimersByTimeAsync(SETTLE_MS);
    asked.stop();
    await vi.advanceTimersByTimeAsync(10 * LOAD_MS);
    expect(begun).toBe(1);
  });
});
