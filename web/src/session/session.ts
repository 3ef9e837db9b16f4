/** Who is logged in. */
import { computed, shallowRef, type ShallowRef } from "vue";
import { ApiError, whenUnauthenticated } from "@/api/client";
import * as api from "@/api/routes";
import type { Me } from "@/api/schema";
import { language, useLanguage } from "@/i18n";
import type { Language } from "@/format/time";
import { forgetSeen } from "@/offline/memory";
import { startLive, stopLive } from "@/live/store";
import { startSending, stopSending } from "@/offline/runner";

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

async function enter(person: Me, fresh: boolean): Promise<void> {
  current.value = person;
  localStorage.setItem(MARK, "1");
  await useLanguage(person.language === "en" ? "en" : "zh");
  if (person.must_change_password) return;
  if (may("see")) startLive(fresh);
  startSending(person.username);
}

function leave(): void {
  current.value = null;
  localStorage.removeItem(MARK);
  stopLive();
  stopSending();
  forgetSeen();
}

let asked: Promise<void> | null = null;

/** Find out once whether a session exists. */
export function knowSession(): Promise<void> {
  asked ??= (async () => {
    if (localStorage.getItem(MARK) === null) return;
    try {
      await enter(await api.getSession(), false);
    } catch (failure) {
      asked = null;
      if (!(failure instanceof ApiError)) throw failure;
      if (failure.kind !== "unauthenticated") throw failure;
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

export async function logout(): Promise<void> {
  try {
    await api.deleteSession();
  } finally {
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
