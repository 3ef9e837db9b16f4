import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Me } from "@/api/schema";
import { begun, dropDrafts, draft, forgetSeen, keep, keepDraft, keepPerson, keptOf, knownPerson, recall, writeDown } from "./memory";

const HOUR = 3_600_000;
const person = { username: "li.wx", role: "maintainer" } as Me;

/** Characters that the storage holds. */
let most = Infinity;
const write = Storage.prototype.setItem;
Storage.prototype.setItem = function limited(this: Storage, key: string, text: string) {
  const others = Object.keys(localStorage).filter((one) => one !== key);
  const used = others.reduce((sum, one) => sum + (localStorage.getItem(one)?.length ?? 0), 0);
  if (used + text.length > most) throw new Error("full");
  write.call(this, key, text);
};
const small = (characters: number): number => (most = characters);

beforeEach(() => {
  most = Infinity;
  localStorage.clear();
});
afterEach(() => {
  document.head.innerHTML = "";
});

describe("a full storage", () => {
  it("gives up what was only seen, the oldest first, for what was typed", () => {
    small(400);
    for (let n = 0; n < 4; n += 1) keep("li", `task.${n}`, "x".repeat(60), n);
    writeDown("twingrid.outbox", "y".repeat(200));
    expect(localStorage.getItem("twingrid.outbox")).toHaveLength(200);
    expect([0, 1, 2, 3].map((n) => recall("li", `task.${n}`) !== null)).toEqual([false, false, true, true]);
  });
  it("gives up all of it before it refuses", () => {
    small(300);
    for (let n = 0; n < 3; n += 1) keep("li", `task.${n}`, "x".repeat(60), n);
    keepDraft("li.report", "y".repeat(290));
    expect(draft("li.report")).toHaveLength(290);
    expect(() => writeDown("twingrid.outbox", "z".repeat(100))).toThrow("full");
    expect(draft("li.report")).toHaveLength(290);
  });
  it("never loses a draft for something seen", () => {
    small(300);
    keepDraft("li.report", "y".repeat(250));
    keep("li", "task.1", "x".repeat(200), 1);
    expect(draft("li.report")).toHaveLength(250);
    expect(recall("li", "task.1")).toBeNull();
  });
});

describe("who is logged in", () => {
  it("is known for a day after the server last said so", () => {
    keepPerson(person, 0);
    expect(knownPerson(8 * HOUR)?.username).toBe("li.wx");
    expect(knownPerson(24 * HOUR - 1)?.username).toBe("li.wx");
    expect(knownPerson(24 * HOUR)).toBeNull();
  });
  it("is not known from a clock that was set back", () => {
    keepPerson(person, 100 * HOUR);
    expect(knownPerson(0)).toBeNull();
  });
  it("is forgotten at logout, with all that was seen, and drafts stay", () => {
    keepPerson(person, 0);
    keep("li.wx", "task.1", 1, 0);
    keepDraft("li.wx.report", "typed");
    forgetSeen();
    expect(knownPerson(1)).toBeNull();
    expect(recall("li.wx", "task.1")).toBeNull();
    expect(draft("li.wx.report")).toBe("typed");
  });
});

describe("what one person has begun", () => {
  it("is theirs alone, also where another's name begins like theirs", () => {
    keepDraft("li.report", '{"event":"road_hole"}');
    keepDraft("li.task.7.handle", "note");
    keepDraft("li.wx.task.7.handle", "note");
    keepDraft("li.wx.record.facilities.aa-sp-01", "{}");
    expect([begun("li"), begun("li.wx"), begun("l")]).toEqual([2, 2, 0]);
    dropDrafts("li");
    expect([begun("li"), begun("li.wx")]).toEqual([0, 2]);
  });
});

describe("where phones must keep nothing", () => {
  it("what was read is not kept, what was typed is", () => {
    document.head.innerHTML = '<meta name="kept-on-phones" content="no">';
    keep("li", "task.1", 1, 0);
    keepPerson(person, 0);
    keepDraft("li.report", "typed");
    expect(recall("li", "task.1")).toBeNull();
    expect(knownPerson(1)).toBeNull();
    expect(draft("li.report")).toBe("typed");
  });
});

describe("how much is kept", () => {
  it("counts tasks, not the lists beside them, and tells the newest", () => {
    keep("li", "task.1", 1, 5);
    keep("li", "task.2", 1, 9);
    keep("li", "task.2.receivers", 1, 20);
    keep("wang", "task.3", 1, 30);
    expect(keptOf("li")).toEqual({ tasks: 2, at_ms: 9 });
  });
});
