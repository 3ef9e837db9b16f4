import { describe, expect, it } from "vitest";
import { menuOf, restOf, thumbsOf } from "./menu";

const all = (): boolean => true;
const none = (): boolean => false;
const places = (groups: ReturnType<typeof menuOf>): readonly string[] => groups.flatMap((group) => group.entries.map((one) => one.to));

describe("the menu", () => {
  it("has only what one may open, and no empty heading", () => {
    expect(menuOf("office", none)).toHaveLength(1);
    expect(places(menuOf("office", none))).toEqual(["/overview", "/facilities", "/alarms", "/cases", "/tasks"]);
    expect(places(menuOf("office", (one) => one === "rule.see"))).toContain("/rules");
    expect(places(menuOf("office", (one) => one === "rule.see"))).not.toContain("/evaluation");
  });

  it("begins with a worker's tasks", () => {
    expect(places(menuOf("worker", none))[0]).toBe("/tasks");
  });

  it("lets a phone reach everything: below, or under \"me\"", () => {
    for (const standing of ["worker", "office", "department"] as const) {
      const reached = new Set([...thumbsOf(standing).map((one) => one.to), ...places(restOf(standing, all))]);
      expect([...reached].toSorted()).toEqual([...places(menuOf(standing, all)), "/me"].toSorted());
    }
  });

  it("offers calls to whoever may call, and other platforms to whoever looks after them", () => {
    expect(places(restOf("worker", (one) => one === "revisit.call"))).toContain("/calls");
    expect(places(menuOf("worker", none))).not.toContain("/calls");
    expect(places(menuOf("office", (one) => one === "exchange.keep"))).toContain("/exchange");
    expect(places(menuOf("office", (one) => one === "revisit.call"))).not.toContain("/exchange");
    expect(places(menuOf("office", (one) => one === "webhook.keep"))).toContain("/webhooks");
    expect(places(menuOf("office", (one) => one === "notification.see"))).not.toContain("/webhooks");
  });

  it("has a department's own page alone for a department, and for nobody else", () => {
    expect(places(menuOf("department", all))).toEqual(["/department"]);
    expect(places(menuOf("department", none))).toEqual([]);
    expect(restOf("department", all)).toEqual([]);
    for (const standing of ["worker", "office"] as const) expect(places(menuOf(standing, all))).not.toContain("/department");
  });

  it("names nothing twice", () => {
    const named = places(menuOf("office", all));
    expect(new Set(named).size).toBe(named.length);
  });
});
