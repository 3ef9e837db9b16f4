import { describe, expect, it } from "vitest";
import type { OutboxEntry } from "./outbox";
import { project, taskLane } from "./projection";

function waiting(task: number, action: string, refused: string | null = null): OutboxEntry {
  return { key: `${task}${action}`, user: "w", lane: taskLane(task), action, path: "", body: {}, created_ms: 0, attempts: 0, next_try_ms: 0, refused };
}

const task = { id: 7, kind: "handle", state: "waiting", ready: true, actions: ["accept", "return"] } as const;

describe("projection", () => {
  it("is the server's word while nothing waits", () => {
    expect(project(task, [waiting(8, "accept")])).toEqual({ state: "waiting", actions: ["accept", "return"], waiting: 0, photos: 0, refused: null });
  });

  it("lets a worker without signal go the whole way", () => {
    const one = [waiting(7, "accept")];
    expect(project(task, one)).toMatchObject({ state: "accepted", actions: ["arrive", "return"], waiting: 1 });
    const two = [...one, waiting(7, "arrive")];
    expect(project(task, two)).toMatchObject({ state: "on_site", actions: ["handle", "return"] });
    expect(project(task, [...two, waiting(7, "handle")])).toMatchObject({ state: "done", actions: [], waiting: 3 });
  });

  it("offers a verifier both answers on site", () => {
    const verification = { ...task, kind: "verify" } as const;
    expect(project(verification, [waiting(7, "accept"), waiting(7, "arrive")]).actions).toEqual(["verify", "reject", "return"]);
    expect(project(verification, [waiting(7, "accept"), waiting(7, "reject")])).toMatchObject({ state: "accepted", actions: [] });
  });

  it("offers no answer before the repair has been reported", () => {
    const early = { ...task, kind: "verify", ready: false } as const;
    expect(project(early, [waiting(7, "accept")]).actions).toEqual(["arrive", "return"]);
  });

  it("takes a task that was transferred out of one's hands at once", () => {
    const working = { ...task, state: "on_site", actions: ["handle", "return", "transfer"] } as const;
    expect(project(working, [waiting(7, "transfer")])).toMatchObject({ state: "waiting", actions: [], waiting: 1 });
  });

  it("lets what goes on beside the state be asked once, and work on meanwhile", () => {
    const asked = { ...task, state: "accepted", actions: ["arrive", "return", "extend"] } as const;
    expect(project(asked, [waiting(7, "extend")])).toMatchObject({ state: "accepted", actions: ["arrive", "return"], waiting: 1 });
    expect(project(asked, [waiting(7, "extend"), waiting(7, "arrive")]).state).toBe("on_site");
  });

  it("leaves what follows a suspension to the server: its clock stands, and either of two may resume", () => {
    const working = { ...task, state: "on_site", actions: ["handle", "return", "suspend"] } as const;
    expect(project(working, [waiting(7, "suspend")])).toMatchObject({ state: "suspended", actions: [], waiting: 1 });
    const suspended = { ...task, state: "suspended", actions: ["resume", "cancel"] } as const;
    expect(project(suspended, [waiting(7, "resume")])).toMatchObject({ state: "accepted", actions: [], waiting: 1 });
  });

  it("stops at a refusal and shows the server's state", () => {
    const standing = project(task, [waiting(7, "accept", "taken"), waiting(7, "arrive")]);
    expect(standing.refused?.refused).toBe("taken");
    expect(standing.state).toBe("waiting");
    expect(standing.actions).toEqual([]);
  });
});
