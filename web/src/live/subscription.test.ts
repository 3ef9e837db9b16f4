import { describe, expect, it } from "vitest";
import { GONE_AFTER_MS, MOST_FACILITIES } from "./messages";
import { Subscription } from "./subscription";

describe("subscription", () => {
  it("asks for the union of what the tabs show", () => {
    const subscription = new Subscription();
    expect(subscription.here("a", [3, 1], 0)).toBe(true);
    expect(subscription.here("b", [2], 0)).toBe(true);
    expect(subscription.asked).toEqual([1, 2, 3]);
  });

  it("does not reconnect for what is carried already, nor when a tab leaves", () => {
    const subscription = new Subscription();
    subscription.here("a", [1, 2], 0);
    expect(subscription.here("b", [2], 0)).toBe(false);
    expect(subscription.here("a", [], 0)).toBe(false);
    subscription.bye("b");
    expect(subscription.asked).toEqual([1, 2]);
    expect(subscription.refresh()).toEqual([]);
  });

  it("forgets tabs that were not heard of for long", () => {
    const subscription = new Subscription();
    subscription.here("a", [1], 0);
    subscription.here("b", [2], GONE_AFTER_MS);
    subscription.sweep(GONE_AFTER_MS + 1);
    expect(subscription.size).toBe(1);
    expect(subscription.refresh()).toEqual([2]);
  });

  it("stays within the server's limit in favour of the tab heard of last", () => {
    const subscription = new Subscription();
    subscription.here("a", Array.from({ length: MOST_FACILITIES }, (_, index) => index + 100), 0);
    subscription.here("b", [1, 2], 1);
    expect(subscription.asked).toHaveLength(MOST_FACILITIES);
    expect(subscription.asked).toContain(1);
    expect(subscription.asked).toContain(2);
  });
});
