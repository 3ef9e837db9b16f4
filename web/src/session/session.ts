/** Who is logged in. */
import { computed, shallowRef, watch, type ShallowRef } from "vue";
import { ApiError, whenUnauthenticated } from "@/api/client";
import * as api from "@/api/routes";
import type { Me } from "@/api/schema";
import { language, useLanguage } from "@/i18n";
import type { Language } from "@/format/time";
import { startLookingAhead, stopLookingAhead } from "@/offline/ahead";
import { mayKeep } from "@/offline/allowed";
import { dropDrafts, forgetSeen, keepPerson, knownPerson } from "@/offline/memory";
import { linkState, startLive, stopLive } from "@/live/store";
import { putAllAway, startSending, stopSending } from "@/offline/runner";

const current = shallowRef<Me | null>(null);
export const me: Readonly<ShallowRef<Me | null>> = current;

/** Which menu somebody has: begins with tasks, with the overview, or is a department's own. */
export type Standing = "worker" | "office" | "department";
export const standing = computed<Standing>(() => (current.value?.role === "department" ? "department" : isWorker.value ? "worker" : "office"));

export const isWorker = computed(() => current.value?.role === "maintainer" || current.value?.role === "grid_worker");

export function may(permission: string): boolean {
  return current.value?.permissions.includes(permission) ?? false;
}

/** The cookie cannot be read from here, so a mark says whether asking who is logged in makes sense on this device. */
const MARK = "twingrid.in";

/** Logged out without signal: the server does not know yet. */
const LEAVING = "twingrid.leaving";

/** Whether who is logged in was read from this phone, because the server did not answer. */
let fromPhone = false;

async function enter(person: Me, fresh: boolean): Promise<void> {
  current.value = person;
  localStorage.setItem(MARK, "1");
  localStorage.removeItem(LEAVING);
  await useLanguage(person.language === "en" ? "en" : "zh");
  if (person.must_change_password) return;
  if (!fromPhone) keepPerson(person, Date.now());
  if (may("see")) startLive(fresh);
  startSending(person.username);
  if (may("see") && mayKeep() && (isWorker.value || matchMedia(PHONE).matches)) startLookingAhead(person);
}
const PHONE = "(max-width: 767px)";
const PATIENCE_MS = 4_000;

/** Without signal the pages open for whoever was here last. */
async function enterFromPhone(): Promise<boolean> {
  const person = knownPerson(Date.now());
  if (person === null) return false;
  fromPhone = true;
  await enter(person, false);
  return true;
}

// What somebody may do can have changed meanwhile; and their login may have ended.
watch(linkState, async (state) => {
  if (current.value === null || current.value.must_change_password) return;
  if (!fromPhone) keepPerson(current.value, Date.now()); // until now there was a signal
  if (!fromPhone || state !== "open") return;
  try {
    const person = await api.getSession();
    fromPhone = false;
    current.value = person;
    keepPerson(person, Date.now());
  } catch (failure) {
    if (!(failure instanceof ApiError)) throw failure;
  }
});

function leave(): void {
  current.value = null;
  localStorage.removeItem(MARK);
  fromPhone = false;
  stopLive();
  stopSending();
  stopLookingAhead();
  forgetSeen();
}

let asked: Promise<void> | null = null;

/** Find out once whether a session exists. */
export function knowSession(): Promise<void> {
  asked ??= (async () => {
    if (!mayKeep()) forgetSeen();
    if (localStorage.getItem(LEAVING) !== null) await endSession().catch(() => undefined);
    if (localStorage.getItem(MARK) === null) return;
    try {
      // Where the phone knows who is here nobody waits long in a cellar with half a signal.
      await enter(await api.getSession(knownPerson(Date.now()) === null ? undefined : PATIENCE_MS), false);
    } catch (failure) {
      asked = null;
      if (!(failure instanceof ApiError)) throw failure;
      if (failure.kind !== "unauthenticated") {
        if (!(await enterFromPhone())) throw failure;
        asked = Promise.resolve();
        return;
      }
      forgetSeen();
      localStorage.removeItem(MARK);
      asked = Promise.resolve();
    }
  })();
  return asked;
}

/** A language pressed before the login wins over the login's own; at a first login, whose language nobody chose, what is read does. */
let pressed: Language | null = null;

export async function login(username: string, password: string): Promise<void> {
  let person = await api.postSession({ username, password });
  const wanted = pressed ?? (person.must_change_password ? language() : null);
  if (wanted !== null && wanted !== person.language) person = await api.patchSession({ language: wanted });
  pressed = null;
  await enter(person, true);
}

export async function setUp(body: Parameters<typeof api.postSetup>[0]): Promise<void> {
  await enter(await api.postSetup(body), true);
}

export async function changePassword(current_password: string, new_password: string): Promise<void> {
  await enter(await api.postPassword({ current_password, new_password }), true);
}

/** End the login at the server; where it does not answer, as soon as it does. */
async function endSession(): Promise<void> {
  localStorage.setItem(LEAVING, "1");
  try {
    await api.deleteSession();
  } catch (failure) {
    // The mark stays: the next start tells the server.
    if (failure instanceof ApiError && (failure.kind === "offline" || failure.kind === "unavailable")) return;
    localStorage.removeItem(LEAVING);
    throw failure;
  }
  localStorage.removeItem(LEAVING);
}

/** Log out. Nothing that was read stays on this device; what was typed and not sent stays unless `all` of it is to go. */
export async function logout(all: boolean): Promise<void> {
  const user = current.value?.username ?? "";
  try {
    await endSession();
  } finally {
    if (all) {
      putAllAway(user);
      dropDrafts(user);
    }
    leave();
  }
}

/** The person's language, kept with the login so that notifications speak it too. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  await useLanguage(chosen);
  if (current.value) current.value = await api.patchSession({ language: chosen });
  else pressed = chosen;
}

/** Call `listener` when the server has ended the session. */
export function whenSessionEnds(listener: () => void): void {
  whenUnauthenticated(() => {
    if (!current.value) return;
    leave();
    listener();
  });
}
