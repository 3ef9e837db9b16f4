/**
 * What a task will be once the waiting actions have reached the server. A worker without signal goes on working: after
 * "accept" the next button is "on site", whether or not the server knows yet.
 */
import type { TaskAction, TaskKind, TaskState, TaskSummary } from "@/api/schema";
import type { OutboxEntry } from "./outbox";

export interface Standing {
  readonly state: TaskState;
  readonly actions: readonly TaskAction[];
  /** Actions that wait to be sent. */
  readonly waiting: number;
  /** Photos that wait to be sent. */
  readonly photos: number;
  /** Why an action was refused; nothing more is projected then. */
  readonly refused: OutboxEntry | null;
}

interface After {
  readonly state: TaskState;
  readonly actions: readonly TaskAction[];
}

/** The worker's own way through a task; of what supervisors do, what takes it out of their hands. */
const AFTER: Readonly<Record<TaskKind, Partial<Record<TaskAction, After>>>> = {
  handle: {
    accept: { state: "accepted", actions: ["arrive", "return"] },
    arrive: { state: "on_site", actions: ["handle", "return"] },
    handle: { state: "done", actions: [] },
    confirm: { state: "done", actions: [] },
    return: { state: "waiting", actions: [] },
    transfer: { state: "waiting", actions: [] },
    // By the owner or a supervisor: what either may do next, the server says.
    suspend: { state: "suspended", actions: [] },
    resume: { state: "accepted", actions: [] },
  },
  verify: {
    accept: { state: "accepted", actions: ["arrive", "verify", "reject", "return"] },
    arrive: { state: "on_site", actions: ["verify", "reject", "return"] },
    verify: { state: "done", actions: [] },
    confirm: { state: "done", actions: [] },
    // Rework: the verification waits for the next report of the repair.
    reject: { state: "accepted", actions: [] },
    return: { state: "waiting", actions: [] },
    transfer: { state: "waiting", actions: [] },
  },
};

export const taskLane = (id: number): string => `task:${id}`;

export function project(
  task: Pick<TaskSummary, "id" | "kind" | "state" | "ready"> & { readonly actions: readonly TaskAction[] },
  entries: readonly OutboxEntry[],
): Standing {
  let { state, actions } = task;
  const mine = entries.filter((entry) => entry.lane === taskLane(task.id));
  const photos = mine.filter((entry) => entry.photo !== undefined && entry.refused === null).length;
  let waiting = 0;
  for (const entry of mine) {
    if (entry.photo !== undefined) continue; // moves nothing
    if (entry.refused !== null) return { state: task.state, actions: [], waiting, photos, refused: entry };
    waiting += 1;
    const after = AFTER[task.kind][entry.action as TaskAction];
    if (after) ({ state, actions } = after);
    else actions = actions.filter((action) => action !== entry.action); // beside the state: asked once is enough
    if (!task.ready) actions = actions.filter((action) => action !== "verify" && action !== "reject");
  }
  return { state, actions, waiting, photos, refused: null };
}
