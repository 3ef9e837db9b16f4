/** What the worker saw last, kept on the phone so that a task can be read without signal; and drafts, so that nothing typed is lost. */
interface Kept<T> {
  readonly at_ms: number;
  readonly value: T;
}

const PREFIX = "twingrid.kept.";
const MOST = 60;

function keys(): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
}

/** Keep a value under a name of this person. When the storage is full the oldest values go, never drafts or the outbox. */
export function keep(user: string, name: string, value: unknown, nowMs: number): void {
  const text = JSON.stringify({ at_ms: nowMs, value });
  const known = keys();
  if (known.length >= MOST) forgetOldest(known.length - MOST + 1);
  try {
    localStorage.setItem(`${PREFIX}${user}.${name}`, text);
  } catch {
    forgetOldest(Math.ceil(known.length / 2));
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

const DRAFT = "twingrid.draft.";

export function draft(name: string): string {
  return localStorage.getItem(DRAFT + name) ?? "";
}

export function keepDraft(name: string, text: string): void {
  if (text === "") localStorage.removeItem(DRAFT + name);
  else localStorage.setItem(DRAFT + name, text);
}

/** All drafts whose name ends so, of whomever. */
export function draftsOf(ending: string): readonly string[] {
  const names = Object.keys(localStorage).filter((key) => key.startsWith(DRAFT) && key.endsWith(ending));
  return names.map((key) => localStorage.getItem(key) ?? "");
}

/** On logout the phone forgets what was seen; drafts and the outbox stay, they are somebody's work. */
export function forgetSeen(): void {
  for (const key of keys()) localStorage.removeItem(key);
}
