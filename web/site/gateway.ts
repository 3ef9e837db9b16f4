/** The way to the gateway: what the page knows of it, kept fresh by one event stream, and what the page asks it to do. */
import { computed, readonly, ref, shallowRef } from "vue";
import { ApiError, API, call, kindOf, type Call } from "@/api/client";
import { i18n, language } from "@/i18n";
import { done, failed } from "@/parts/toast";
import { byNumber } from "./words";
import type { EntryView, FrameView, ReadingView, RunView, SiteState, TrafficView, UnitView } from "./schema";

const KEPT_FRAMES = 300;
const RETRY_MS = 2_000;

const known = shallowRef<SiteState | null>(null);
const heard = shallowRef<readonly FrameView[]>([]);
const minute = shallowRef<TrafficView | null>(null);
const entrance = shallowRef<EntryView | null>(null);
const connected = ref(false);
export const state = readonly(known);
export const frames = readonly(heard);
export const traffic = readonly(minute);
export const entry = readonly(entrance);
export const isConnected = readonly(connected);

export const units = computed<readonly UnitView[]>(() => known.value?.units ?? []);
export const run = computed<RunView | null>(() => known.value?.run ?? null);
export const busy = computed(() => run.value !== null);

export function unitOf(number: number | null): UnitView | null {
  return units.value.find((unit) => unit.unit === number) ?? null;
}

/** Call a route in the reader's language. */
export async function ask<T>(path: string, options: Call = {}): Promise<T> {
  return call<T>(path, { ...options, headers: { "accept-language": language(), ...options.headers } });
}

/** Ask, and tell the person why not; the answer is whether it was done. */
export async function act<T>(path: string, method: Call["method"] | "PUT", body?: unknown, said = ""): Promise<T | null> {
  try {
    const answer = await ask<T>(path, { method: method as Call["method"], ...(body === undefined ? {} : { body }) });
    if (said) done(said);
    return answer ?? ({} as T);
  } catch (failure) {
    failed(failure);
    return null;
  }
}

/** Send a file as it is. */
export async function upload<T>(path: string, file: Blob): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`${API}${path}`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "accept-language": language(), "content-type": "application/octet-stream" },
      body: file,
    });
  } catch {
    throw new ApiError("offline", 0, {});
  }
  const answer: unknown = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(kindOf(response.status), response.status, answer as object);
  return answer as T;
}

export async function readingOf(unit: number, most: number): Promise<ReadingView> {
  return ask<ReadingView>(`/units/${unit}/reading`, { query: { most } });
}

let stream: EventSource | null = null;

function take(kind: "state" | "run" | "traffic", data: string): void {
  connected.value = true;
  if (kind === "state") known.value = JSON.parse(data) as SiteState;
  else if (kind === "run" && known.value) known.value = { ...known.value, run: JSON.parse(data) as RunView };
  else if (kind === "traffic") {
    const news = JSON.parse(data) as TrafficView;
    minute.value = news;
    heard.value = byNumber(heard.value, news.frames, KEPT_FRAMES);
  }
}

function listen(): void {
  stream?.close();
  stream = new EventSource(`${API}/events`);
  for (const kind of ["state", "run", "traffic"] as const) {
    stream.addEventListener(kind, (event: MessageEvent<string>) => take(kind, event.data));
  }
  stream.addEventListener("open", () => {
    connected.value = true;
  });
  stream.addEventListener("error", () => {
    connected.value = false;
    heard.value = [];
    stream?.close();
    setTimeout(() => void connect(), RETRY_MS);
  });
}

/** Ask whether a code is needed, then follow the session for as long as the page lives. */
export async function connect(): Promise<void> {
  try {
    entrance.value = await ask<EntryView>("/entry");
    if (entrance.value.open) listen();
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    connected.value = false;
    setTimeout(() => void connect(), RETRY_MS);
  }
}

/** Enter the one-time code. */
export async function enter(code: string): Promise<void> {
  entrance.value = await ask<EntryView>("/entry", { method: "POST", body: { code } });
  if (entrance.value.open) listen();
}

/** Wait until the step with this number has ended; false if it ended with a problem. */
export function ended(number: number): Promise<boolean> {
  return new Promise((resolve) => {
    const look = (): void => {
      const last = known.value?.ended;
      if (last && last.number >= number) resolve(last.number > number || !last.problem);
      else setTimeout(look, 100);
    };
    look();
  });
}

/** Begin a step on the bus and wait for its end; why it could not be done is said by the bar of the running step. */
export async function step(path: string, body?: unknown): Promise<boolean> {
  const begun = await act<RunView>(path, "POST", body);
  return begun ? ended(begun.number) : false;
}

export function saved(): string {
  return i18n.global.t("common.saved");
}
