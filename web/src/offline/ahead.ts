/** What a worker may need without signal, fetched while there is one: their open tasks with evidence and steps, and all lists that the forms ask for. */
import { effectScope, type EffectScope } from "vue";
import { ApiError } from "@/api/client";
import { getCommunities, getEvents, getMyTasks, getReceivers, getTask } from "@/api/routes";
import type { CommunityRef, Me, TaskDetail, TaskSummary } from "@/api/schema";
import { nowMs } from "@/live/clock";
import { onLive } from "@/live/store";
import { keep, recall } from "./memory";

/** Of more tasks than that only the most pressing are kept; nobody does more in a day. */
const MOST = 60;
/** What a task shows changes without its version: values, who may take it. */
const STALE_MS = 30 * 60_000;
const SETTLE_MS = 3_000;

export interface Seen {
  readonly version: number;
  readonly at_ms: number;
}

/** Numbers of the tasks to load, the most pressing first: what is not kept, has changed, or was loaded long ago. */
export function lacking(tasks: readonly Pick<TaskSummary, "id" | "version" | "state">[], seen: (id: number) => Seen | null, now: number): readonly number[] {
  const open = tasks.filter((task) => task.state !== "done" && task.state !== "cancelled").slice(0, MOST);
  return open.flatMap((task) => {
    const known = seen(task.id);
    return known === null || known.version < task.version || now - known.at_ms > STALE_MS ? task.id : [];
  });
}

/** The communities that a report may be about. */
export async function communitiesOf(person: Pick<Me, "everywhere" | "communities">, options: { signal?: AbortSignal } = {}): Promise<readonly CommunityRef[]> {
  if (!person.everywhere) return person.communities;
  return (await getCommunities(options)).items.map(({ id, code, name }) => ({ id, code, name }));
}

const isAway = (failure: unknown): boolean => failure instanceof ApiError && failure.kind !== "refused";

/** One thing that is refused does not keep the others away; no answer at all ends the round. */
async function fetchInto(user: string, name: string, load: () => Promise<unknown>): Promise<void> {
  try {
    keep(user, name, await load(), nowMs());
  } catch (failure) {
    if (!(failure instanceof ApiError) || isAway(failure)) throw failure;
  }
}

async function round(person: Me, isOver: () => boolean): Promise<void> {
  const user = person.username;
  const mine = await getMyTasks();
  keep(user, "tasks.mine", mine, nowMs());
  const seen = (id: number): Seen | null => {
    const known = recall<TaskDetail>(user, `task.${id}`);
    return known === null ? null : { version: known.value.version, at_ms: known.at_ms };
  };
  for (const id of lacking(mine.items, seen, nowMs())) {
    if (isOver()) return;
    await fetchInto(user, `task.${id}`, () => getTask(id));
    if (recall<TaskDetail>(user, `task.${id}`)?.value.actions.includes("transfer")) await fetchInto(user, `task.${id}.receivers`, () => getReceivers(id));
  }
  if (!person.permissions.includes("report.file") || isOver()) return;
  await fetchInto(user, "events.worker", () => getEvents({ source: "worker" }));
  await fetchInto(user, "communities", () => communitiesOf(person));
}

let scope: EffectScope | null = null;

export function startLookingAhead(person: Me): void {
  stopLookingAhead();
  const mine = effectScope(true);
  scope = mine;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  const isOver = (): boolean => scope !== mine;
  async function go(): Promise<void> {
    if (isOver() || running) return;
    running = true;
    try {
      await round(person, isOver);
    } catch (failure) {
      if (!isAway(failure)) throw failure; // without signal what is kept stays
    } finally {
      running = false;
    }
  }
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void go(), SETTLE_MS);
  };
  mine.run(() => {
    onLive("task", soon);
    onLive("reset", soon);
  });
  soon();
}

export function stopLookingAhead(): void {
  scope?.stop();
  scope = null;
}
