/** What the worker saw last, kept on the phone so that a task can be read without signal; and drafts, so that nothing typed is lost. */
import type { Me } from "@/api/schema";
import { mayKeep } from "./allowed";

interface Kept<T> {
  readonly at_ms: number;
  readonly value: T;
}

const PREFIX = "twingrid.kept.";
/** A queue of 60 tasks with the lists that their steps ask for, and as much again. */
const MOST = 240;
const PERSON = "twingrid.person";
/** A login that is not used for a day has ended at the server too. */
const PERSON_MS = 24 * 3_600_000;

function keys(): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
}

/**
 * Write into the phone's storage. When it is full the oldest of what was only seen goes: what somebody typed is worth more.
 *
 * @throws {DOMException} when it is full of what was typed.
 */
export function writeDown(key: string, text: string): void {
  for (;;) {
    try {
      localStorage.setItem(key, text);
      return;
    } catch (failure) {
      const known = keys();
      if (known.length === 0) throw failure;
      forgetOldest(Math.ceil(known.length / 2));
    }
  }
}

/** Keep a value under a name of this person. When the storage is full the oldest values go, never drafts or the outbox. */
export function keep(user: string, name: string, value: unknown, nowMs: number): void {
  if (!mayKeep()) return;
  const key = `${PREFIX}${user}.${name}`;
  const known = keys();
  if (known.length >= MOST && !known.includes(key)) forgetOldest(known.length - MOST + 1);
  try {
    writeDown(key, JSON.stringify({ at_ms: nowMs, value }));
  } catch {
    // Larger than all there is: it is shown, and not kept.
  }
}

function forgetOldest(count: number): void {
  const aged = keys()
    .map((key) => ({ key, at: read<unknown>(key)?.at_ms ?? 0 }))
    .toSorted((a, b) => a.at - b.at);
  for (const { key } of aged.slice(0, count)) localStorage.removeItem(key);
}

function read<T>(key: string): Kept<T> | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    return typeof value === "object" && value !== null && "at_ms" in value && "value" in value ? (value as Kept<T>) : null;
  } catch {
    return null;
  }
}

export function recall<T>(user: string, name: string): Kept<T> | null {
  return read<T>(`${PREFIX}${user}.${name}`);
}

/** How much of this person's is kept, and since when the newest of it is. */
export function keptOf(user: string): { readonly tasks: number; readonly at_ms: number | null } {
  const tasks = keys().filter((key) => key.startsWith(`${PREFIX}${user}.task.`) && /\.task\.\d+$/.test(key));
  const times = tasks.map((key) => read<unknown>(key)?.at_ms ?? 0);
  return { tasks: tasks.length, at_ms: times.length === 0 ? null : Math.max(...times) };
}

/** Who is logged in here, as the server last said: without signal the pages open for them, and for nobody else. */
export function keepPerson(person: Me, nowMs: number): void {
  if (mayKeep()) writeDown(PERSON, JSON.stringify({ at_ms: nowMs, value: person }));
}

export function knownPerson(nowMs: number): Me | null {
  const known = read<Me>(PERSON);
  return known !== null && Math.abs(nowMs - known.at_ms) < PERSON_MS ? known.value : null;
}

const DRAFT = "twingrid.draft.";

export function draft(name: string): string {
  return localStorage.getItem(DRAFT + name) ?? "";
}

export function keepDraft(name: string, text: string): void {
  if (text === "") localStorage.removeItem(DRAFT + name);
  else writeDown(DRAFT + name, text);
}

/** All drafts whose name ends so, of whomever. */
export function draftsOf(ending: string): readonly string[] {
  const names = Object.keys(localStorage).filter((key) => key.startsWith(DRAFT) && key.endsWith(ending));
  return names.map((key) => localStorage.getItem(key) ?? "");
}

/** Keys of the drafts of one person; another's name may begin like theirs. */
function ownDrafts(user: string): readonly string[] {
  const own = [`${DRAFT}${user}.report`, `${DRAFT}${user}.task.`, `${DRAFT}${user}.record.`];
  return Object.keys(localStorage).filter((key) => key === own[0] || own.slice(1).some((start) => key.startsWith(start)));
}

/** How many things this person has begun to type and not sent. */
export function begun(user: string): number {
  return ownDrafts(user).length;
}

export function dropDrafts(user: string): void {
  for (const key of ownDrafts(user)) localStorage.removeItem(key);
}

/** On logout the phone forgets who it was and what was seen; drafts and the outbox stay, they are somebody's work. */
export function forgetSeen(): void {
  for (const key of keys()) localStorage.removeItem(key);
  localStorage.removeItem(PERSON);
}
