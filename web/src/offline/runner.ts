/** Sends what the outbox holds: at once, when the signal is back, when the page is looked at, and again after pauses. */
import { computed, readonly, shallowRef } from "vue";
import { ApiError, call, idempotencyKey } from "@/api/client";
import { i18n } from "@/i18n";
import { upload } from "@/api/upload";
import { writeDown } from "./memory";
import { addressed, again, decode, due, goesWith, nextDueMs, replaced, step, wake, type Outcome, type OutboxEntry } from "./outbox";
import { dropPhotos, readPhoto } from "./photos";

const STORED = "twingrid.outbox";
/** How long a tab may hold the right to send without renewing it. Two senders would do no harm, only double work. */
const TURN = "twingrid.outbox.turn";
const TURN_MS = 30_000;

const all = shallowRef<readonly OutboxEntry[]>(decode(localStorage.getItem(STORED)));
const user = shallowRef<string | null>(null);
const tab = idempotencyKey();
let timer: ReturnType<typeof setTimeout> | undefined;
let sending = false;
/** `answer` is what the server said to an entry that is done, `null` to one it refused. */
type SentListener = (entry: OutboxEntry, answer: unknown) => void;
const sentListeners = new Set<SentListener>();

/** What waits or was refused, of the person logged in. */
export const outbox = readonly(computed(() => all.value.filter((entry) => entry.user === user.value)));

function save(entries: readonly OutboxEntry[]): void {
  writeDown(STORED, JSON.stringify(entries));
  all.value = entries;
}

/** Changes by other tabs are in the storage, so every change starts from there. */
function change(edit: (entries: readonly OutboxEntry[]) => readonly OutboxEntry[]): void {
  save(edit(decode(localStorage.getItem(STORED))));
}

function takeTurn(): boolean {
  const [holder, until] = (localStorage.getItem(TURN) ?? "").split(" ");
  if (holder !== tab && Number(until) > Date.now()) return false;
  localStorage.setItem(TURN, `${tab} ${Date.now() + TURN_MS}`);
  return true;
}

interface Sent {
  readonly outcome: Outcome;
  readonly answer: unknown;
}

/** How much of a photo is on its way, 0 to 1; by the entry's key. */
const going = shallowRef<Readonly<Record<string, number>>>({});
export const progress = readonly(going);

/** The browser's database may not answer for a while, as after a long sleep of the phone: the photo waits, and nothing waits for it. */
async function photoOf(key: string): Promise<Blob | null> {
  try {
    return await readPhoto(key);
  } catch {
    throw new ApiError("unavailable", 0, {});
  }
}

async function sendPhoto(entry: OutboxEntry, photo: string): Promise<unknown> {
  const bytes = await photoOf(photo);
  if (bytes === null) throw new ApiError("refused", 0, { title: i18n.global.t("report.photoGone") });
  const headers = { "idempotency-key": entry.proof ?? entry.key };
  try {
    return await upload(entry.path, bytes, headers, (part) => {
      going.value = { ...going.value, [entry.key]: part };
    });
  } finally {
    const { [entry.key]: _over, ...rest } = going.value;
    going.value = rest;
  }
}

async function send(entry: OutboxEntry): Promise<Sent> {
  try {
    if (entry.photo !== undefined) return { outcome: { kind: "done" }, answer: await sendPhoto(entry, entry.photo) };
    const answer = await call<unknown>(entry.path, { method: entry.method ?? "POST", body: entry.body, headers: { "idempotency-key": entry.key } });
    return { outcome: { kind: "done" }, answer };
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
    if (failure.kind !== "refused") return { outcome: { kind: "later" }, answer: null };
    const { title, detail, fix, conflicts, errors } = failure.problem;
    const wrong = entry.method === "PATCH" || entry.action === "handle" ? (errors ?? []).map((one) => one.what) : [];
    const reason = [title, detail, ...wrong, fix].filter(Boolean).join(" · ") || `HTTP ${failure.status}`;
    return { outcome: { kind: "refused", reason, ...(conflicts ? { conflicts } : {}) }, answer: null };
  }
}

function numberOf(answer: unknown): number | null {
  const id = typeof answer === "object" && answer !== null && "id" in answer ? answer.id : null;
  return typeof id === "number" ? id : null;
}

function schedule(): void {
  clearTimeout(timer);
  if (user.value === null) return;
  const next = nextDueMs(all.value, user.value);
  if (next !== null) timer = setTimeout(() => void flush(), Math.max(200, next - Date.now()));
}

/** Send what is due, one after the other. */
export async function flush(): Promise<void> {
  if (sending || user.value === null) return;
  if (!takeTurn()) {
    timer = setTimeout(() => void flush(), TURN_MS / 3);
    return;
  }
  sending = true;
  try {
    let ready = due(all.value, user.value, Date.now());
    while (ready.length > 0) {
      for (const entry of ready) {
        const { outcome, answer } = await send(entry);
        // Pages take the answer before the entry goes, in one breath, so that no button of the old state shows in between.
        if (outcome.kind !== "later") for (const listener of sentListeners) listener(entry, answer);
        const intake = numberOf(answer);
        change((entries) => step(intake === null ? entries : addressed(entries, entry, intake), entry.key, outcome, Date.now()));
        if (outcome.kind === "done" && entry.photo !== undefined) await dropPhotos([entry.photo]);
      }
      takeTurn();
      ready = user.value === null ? [] : due(all.value, user.value, Date.now());
    }
  } finally {
    sending = false;
    localStorage.removeItem(TURN);
  }
  schedule();
}

/** Keep an action and send it as soon as it can be. It is in the phone's storage when this returns. */
export function post(action: Action): void {
  postAll([action]);
}

export type Action = Pick<OutboxEntry, "lane" | "action" | "path" | "body"> & Partial<Pick<OutboxEntry, "key" | "photo" | "proof" | "rests" | "method">>;

function entryOf(action: Action): OutboxEntry {
  const { value: name } = user;
  if (name === null) throw new Error("nobody is logged in");
  return { ...action, key: action.key ?? idempotencyKey(), user: name, created_ms: Date.now(), attempts: 0, next_try_ms: 0, refused: null };
}

/** The same with several that belong together: all of them are kept, or none. */
export function postAll(actions: readonly Action[]): void {
  const made = actions.map(entryOf);
  change((entries) => [...entries, ...made]);
  void flush();
}

/** A mended edit in place of the refused one and of what waits behind it, in one breath: nothing is lost in between. */
export function postMended(action: Action): void {
  const made = entryOf(action);
  change((entries) => replaced(entries, made));
  void flush();
}

/** Put an entry away, after the person has read it, with all that waits behind it; what went. */
export function takeOut(key: string): readonly OutboxEntry[] {
  let gone: readonly OutboxEntry[] = [];
  change((entries) => {
    gone = goesWith(entries, key);
    return entries.filter((entry) => !gone.includes(entry));
  });
  void flush();
  return gone;
}

/** The same, and the photos that nobody needs any more. */
export function putAway(key: string): void {
  void dropPhotos(takeOut(key).flatMap((entry) => entry.photo ?? []));
}

/** Send a refused entry once more. */
export function tryAgain(key: string): void {
  change((entries) => again(entries, key));
  void flush();
}

/** Put away all that waits of this person, whether or not it was ever sent: they have said that it may go. */
export function putAllAway(username: string): void {
  const gone = decode(localStorage.getItem(STORED)).filter((entry) => entry.user === username);
  change((entries) => entries.filter((entry) => entry.user !== username));
  void dropPhotos(gone.flatMap((entry) => entry.photo ?? []));
}

/** How much waits here, of whomever. */
export const unsent = (): number => decode(localStorage.getItem(STORED)).length;

/** Keys of all photos that wait here, of whomever. */
export function photosWaiting(): readonly string[] {
  return decode(localStorage.getItem(STORED)).flatMap((entry) => entry.photo ?? []);
}

/** Be told when an entry has met its fate. */
export function onSent(listener: SentListener): () => void {
  sentListeners.add(listener);
  return () => sentListeners.delete(listener);
}

function retryNow(): void {
  change((entries) => wake(entries, Date.now()));
  void flush();
}

export function startSending(username: string): void {
  user.value = username;
  void flush();
}

export function stopSending(): void {
  user.value = null;
  clearTimeout(timer);
}

addEventListener("online", retryNow);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && all.value.length > 0) retryNow();
});
addEventListener("storage", (event) => {
  if (event.key === STORED) all.value = decode(event.newValue);
});
