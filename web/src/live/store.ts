/** The live stream as the pages see it: its state, the server's clock, the newest value of each point, and events by kind. */
import { onScopeDispose, readonly, shallowRef, type ShallowRef } from "vue";
import { API } from "@/api/client";
import type {
  AlarmEvent,
  CaseEvent,
  LatestValue,
  PingEvent,
  ResetEvent,
  FlagEvent,
  TaskEvent,
  ValuesEvent,
} from "@/api/schema";
import { openLive, type LiveLink } from "./events";
import { syncClock } from "./clock";
import type { Downward, Kind, LinkState } from "./messages";

interface EventTypes {
  alarm: AlarmEvent;
  case: CaseEvent;
  task: TaskEvent;
  flag: FlagEvent;
  values: ValuesEvent;
  ping: PingEvent;
  reset: ResetEvent;
}

type Handler<K extends Kind> = (event: EventTypes[K]) => void;
type Handlers = { [K in Kind]: Set<Handler<K>> };

const handlers: Handlers = {
  alarm: new Set(),
  case: new Set(),
  task: new Set(),
  flag: new Set(),
  values: new Set(),
  ping: new Set(),
  reset: new Set(),
};

const state = shallowRef<LinkState>("connecting");
export const linkState = readonly(state);

/** Why pages load again when the stream has just opened: their first answers may be older than an event that nobody sent them. */
export const OPENED = "opened";
let broken = false;

const latest = new Map<number, ShallowRef<LatestValue | null>>();

/** The newest value of a point, followed live; `known` (from a page's answer) never replaces a newer one. */
export function latestOf(point: number, known?: LatestValue | null): ShallowRef<LatestValue | null> {
  let ref = latest.get(point);
  if (!ref) {
    ref = shallowRef(null);
    latest.set(point, ref);
  }
  if (known && known.time_ms >= (ref.value?.time_ms ?? -1)) ref.value = known;
  return ref;
}

let link: LiveLink | null = null;

function deliver<K extends Kind>(kind: K, event: EventTypes[K]): void {
  for (const handler of handlers[kind] as Set<Handler<K>>) handler(event);
}

function receive(message: Downward): void {
  if (message.type === "link") {
    const opened = message.state === "open" && (message.fresh || state.value !== "open");
    state.value = message.state;
    broken ||= message.state === "lost";
    if (!opened) return;
    deliver("reset", { reason: broken ? "reconnected" : OPENED });
    broken = false;
    return;
  }
  const event: unknown = JSON.parse(message.data);
  if (message.kind === "ping") syncClock((event as PingEvent).now_ms);
  if (message.kind === "values") {
    for (const point of (event as ValuesEvent).points) {
      const ref = latest.get(point.id);
      if (ref && point.latest.time_ms >= (ref.value?.time_ms ?? -1)) ref.value = point.latest;
    }
  }
  deliver(message.kind, event as never);
}

/** Facilities whose values the open pages want, by the page's token. */
const followed = new Map<symbol, readonly number[]>();

function follow(): void {
  link?.follow([...new Set([...followed.values()].flat())]);
}

/** Have the values of these facilities streamed while the calling component lives. */
export function followFacilities(): (facilities: readonly number[]) => void {
  const token = Symbol("page");
  onScopeDispose(() => {
    followed.delete(token);
    follow();
  });
  return (facilities) => {
    followed.set(token, facilities);
    follow();
  };
}

/** Open the stream. `fresh`: somebody has just logged in, so a connection that a tab may still keep is another person's. */
export function startLive(fresh: boolean): void {
  link ??= openLive(`${API}/stream`, receive);
  if (fresh) link.restart();
  follow();
}

export function stopLive(): void {
  link?.close();
  link = null;
  latest.clear();
  state.value = "connecting";
  broken = false;
}

if (typeof addEventListener === "function") addEventListener("online", () => link?.restart());

/** Follow events of a kind while the calling component lives. */
export function onLive<K extends Kind>(kind: K, handler: Handler<K>): void {
  const set = handlers[kind] as Set<Handler<K>>;
  set.add(handler);
  onScopeDispose(() => set.delete(handler));
}
