import { describe, expect, it } from "vitest";
import { menuOf, restOf, thumbsOf } from "./menu";

const all = (): boolean => true;
const none = (): boolean => false;
const places = (groups: ReturnType<typeof menuOf>): readonly string[] => groups.flatMap((group) => group.entries.map((one) => one.to));

describe("the menu", () => {
  it("has only what one may open, and no empty heading", () => {
    expect(menuOf(false, none)).toHaveLength(1);
    expect(places(menuOf(false, none))).toEqual(["/overview", "/alarms", "/cases", "/tasks"]);
    expect(places(menuOf(false, (one) => one === "rule.see"))).toContain("/rules");
    expect(places(menuOf(false, (one) => one === "rule.see"))).not.toContain("/evaluation");
  });

  it("begins with a worker's tasks", () => {
    expect(places(menuOf(true, none))[0]).toBe("/tasks");
  });

  it("lets a phone reach everything: below, or under \"me\"", () => {
    for (const worker of [true, false]) {
      const reached = new Set([...thumbsOf(worker).map((one) => one.to), ...places(restOf(worker, all))]);
      expect([...reached].toSorted()).toEqual([...places(menuOf(worker, all)), "/me"].toSorted());
    }
  });

  it("offers calls to whoever may call, and other platforms to whoever looks after them", () => {
    expect(places(restOf(true, (one) => one === "revisit.call"))).toContain("/calls");
    expect(places(menuOf(true, none))).not.toContain("/calls");
    expect(places(menuOf(false, (one) => one === "exchange.keep"))).toContain("/exchange");
    expect(places(menuOf(false, (one) => one === "revisit.call"))).not.toContain("/exchange");
  });

  it("names nothing twice", () => {
    const named = places(menuOf(false, all));
    expect(new Set(named).size).toBe(named.length);
  });
});
