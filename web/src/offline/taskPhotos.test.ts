import { afterEach, describe, expect, it } from "vitest";
import { keepDraft } from "./memory";
import { decode, due, goesWith, nextDueMs, step, type OutboxEntry } from "./outbox";
import { project, taskLane } from "./projection";
import type { Action } from "./runner";
import { draftedPhotos, photoActions, photosDraft, photosName, photosOnPhone, withPhotos } from "./taskPhotos";

afterEach(() => localStorage.clear());

const entered = (action: Action, at: number): OutboxEntry => ({ key: `${action.action}${at}`, user: "wang", created_ms: 0, attempts: 0, next_try_ms: 0, refused: null, ...action });
const all = (...actions: readonly Action[]): readonly OutboxEntry[] => actions.map(entered);
const act = (action: string): Action => ({ lane: taskLane(7), action, path: `/tasks/7/${action}`, body: { note: "" } });
const names = (entries: readonly OutboxEntry[]): readonly string[] => entries.map((entry) => entry.photo ?? entry.action);

/** In which order everything goes, if the server takes all of it. */
function order(entries: readonly OutboxEntry[]): readonly string[] {
  const sent: string[] = [];
  let left = entries;
  for (let [next] = due(left, "wang", 0); next; [next] = due(left, "wang", 0)) {
    sent.push(next.photo ?? next.action);
    left = step(left, next.key, { kind: "done" }, 0);
  }
  return sent;
}

describe("photos of a task", () => {
  it("go after the words of their task, also after words that came later", () => {
    const entries = all(act("accept"), act("arrive"), ...photoActions(7, "before", ["p"]), ...withPhotos(act("handle"), photoActions(7, "after", ["q", "r"]), false));
    expect(order(entries)).toEqual(["accept", "arrive", "handle", "p", "q", "r"]);
  });

  it("go first where a verdict stands on them, and hold back what comes after that", () => {
    const verdict = withPhotos(act("verify"), photoActions(7, "verification", ["p", "q"]), true);
    const entries = all(act("accept"), ...verdict, act("appeal"));
    expect(order(entries)).toEqual(["accept", "p", "q", "verify", "appeal"]);
    expect(order(all(...withPhotos(act("verify"), [], true)))).toEqual(["verify"]);
  });

  it("do not hold a verdict when they were refused, nor each other", () => {
    const entries = all(...withPhotos(act("verify"), photoActions(7, "verification", ["p", "q"]), true));
    const refused = step(entries, entries[0]?.key ?? "", { kind: "refused", reason: "damaged" }, 0);
    expect(order(refused)).toEqual(["q", "verify"]);
  });

  it("wait with the words while the signal is away, and are found again after a reload", () => {
    const entries = all(act("handle"), ...photoActions(7, "after", ["p"]));
    const later = step(entries, entries[0]?.key ?? "", { kind: "later" }, 1000);
    expect(due(later, "wang", 1000)).toEqual([]);
    expect(nextDueMs(later, "wang")).toBe(3000);
    const reloaded = decode(JSON.stringify(later));
    expect(names(photosOnPhone(reloaded, 7))).toEqual(["p"]);
    expect(photosOnPhone(reloaded, 8)).toEqual([]);
    expect(reloaded[1]).toMatchObject({ path: "/tasks/7/photos?kind=after", photo: "p" });
    expect(reloaded[1]?.proof).toBeUndefined();
  });

  it("have a key each", () => {
    const keys = all(...photoActions(7, "before", ["p", "q"])).map((entry) => entry.key);
    expect(new Set(keys).size).toBe(2);
  });

  it("stay when refused words are put away, and go alone", () => {
    const entries = all(act("handle"), ...photoActions(7, "after", ["p"]), act("extend"));
    expect(names(goesWith(entries, entries[0]?.key ?? ""))).toEqual(["handle", "extend"]);
    expect(names(goesWith(entries, entries[1]?.key ?? ""))).toEqual(["p"]);
  });

  it("move nothing, but say that they wait", () => {
    const task = { id: 7, kind: "handle", state: "on_site", ready: true, actions: ["handle", "return"] } as const;
    const entries = all(...photoActions(7, "before", ["p", "q"]));
    expect(project(task, entries)).toEqual({ state: "on_site", actions: ["handle", "return"], waiting: 0, photos: 2, refused: null });
    const refused = step(entries, entries[0]?.key ?? "", { kind: "refused", reason: "too late" }, 0);
    expect(project(task, refused)).toMatchObject({ photos: 1, refused: null });
  });

  it("are kept as a draft until they are sent, and swept by nobody", () => {
    keepDraft(photosName("wang", 7, "handle"), JSON.stringify(["p", 3, "q"]));
    keepDraft("wang.report", JSON.stringify({ photos: ["r"] }));
    expect(new Set(draftedPhotos())).toEqual(new Set(["p", "q", "r"]));
    expect(photosDraft("{")).toEqual([]);
    expect(photosDraft('{"a":1}')).toEqual([]);
  });
});
