import type { FieldConflict } from "@/api/schema";

/** A field that both sides changed, as the server tells it. */
export type Clash = Readonly<Omit<FieldConflict, "together">> & { readonly together: readonly string[] };

/**
 * The outbox: actions of a worker that must not be lost when there is no signal.
 *
 * Theory of operation. A tap is first written to the phone's storage, synchronously, and only then shown as done; sending
 * follows. Each entry carries an idempotency key, so an answer that got lost costs a repeat and nothing else. Entries of one
 * task are sent in the order of the taps; a task whose entry waits does not hold up another task. An answer decides an entry's
 * fate: done (removed), later (kept, with growing pauses), or refused (kept for the person to read, with everything typed, until
 * they put it away or try it again). Photos follow the text of their lane, also text that comes later: words are small, and others
 * wait for them; only what rests on photos lets those before it go first. Photos of a report are addressed when it has its number and
 * bear its key as their proof, those of a task have their own; none waits for another that was refused. Entries belong to one login:
 * on a shared phone nobody sends in another's name.
 *
 * `step` decides without clock and without network; `OutboxRunner` in `runner.ts` supplies both.
 */
export interface OutboxEntry {
  /** Idempotency key. */
  readonly key: string;
  /** Login whose action it is. */
  readonly user: string;
  /** Entries of one lane are sent in order. */
  readonly lane: string;
  /** What the person did, for the list of what waits. */
  readonly action: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly created_ms: number;
  readonly attempts: number;
  readonly next_try_ms: number;
  /** Why the server will not have it; `null` while it waits. */
  readonly refused: string | null;
  /** `POST` where it does not say. */
  readonly method?: "POST" | "PATCH";
  /** Of an edit that was refused because somebody else changed the same fields: these, with both values. */
  readonly conflicts?: readonly Clash[];
  /** Of a photo: under which key its bytes are kept on the phone. */
  readonly photo?: string;
  /** Of a photo: the key of the report it belongs to, sent in place of its own. */
  readonly proof?: string;
  /** Of a step: it holds only with the photos that stand before it in its lane, so they go first. */
  readonly rests?: boolean;
}

export type Outcome =
  | { readonly kind: "done" }
  | { readonly kind: "later" }
  | { readonly kind: "refused"; readonly reason: string; readonly conflicts?: readonly Clash[] };

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

/** Pause before the next attempt: 2 s doubling to 1 min. */
export function pauseMs(attempts: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, attempts - 1));
}

/** A refused photo: nothing rests on it. */
const holdsNothing = (entry: OutboxEntry): boolean => entry.refused !== null && entry.photo !== undefined;

/** What comes next in each lane: the first text, which overtakes photos unless it rests on them; else the first photo. */
function heads(entries: readonly OutboxEntry[], user: string): readonly OutboxEntry[] {
  const lanes = new Map<string, OutboxEntry>();
  const settled = new Set<string>();
  for (const entry of entries) {
    if (entry.user !== user || settled.has(entry.lane) || holdsNothing(entry)) continue;
    const isText = entry.photo === undefined;
    if (!lanes.has(entry.lane) || (isText && !entry.rests)) lanes.set(entry.lane, entry);
    if (isText) settled.add(entry.lane);
  }
  return [...lanes.values()];
}

/** Entries that may be sent now: one of each lane, if it is due. A refused text holds its lane: what follows rests on it. */
export function due(entries: readonly OutboxEntry[], user: string, nowMs: number): readonly OutboxEntry[] {
  return heads(entries, user).filter((entry) => entry.refused === null && entry.next_try_ms <= nowMs);
}

/** When `due` will next have something to send; `null` if nothing waits. */
export function nextDueMs(entries: readonly OutboxEntry[], user: string): number | null {
  const waiting = heads(entries, user).filter((entry) => entry.refused === null);
  return waiting.length === 0 ? null : Math.min(...waiting.map((entry) => entry.next_try_ms));
}

/** The entries after one of them met its outcome. */
export function step(entries: readonly OutboxEntry[], key: string, outcome: Outcome, nowMs: number): readonly OutboxEntry[] {
  if (outcome.kind === "done") return entries.filter((entry) => entry.key !== key);
  return entries.map((entry) => {
    if (entry.key !== key) return entry;
    const attempts = entry.attempts + 1;
    if (outcome.kind === "refused") return { ...entry, attempts, refused: outcome.reason, conflicts: outcome.conflicts ?? [] };
    return { ...entry, attempts, next_try_ms: nowMs + pauseMs(attempts) };
  });
}

/** The photos of a report that has got its number know where they go. */
export function addressed(entries: readonly OutboxEntry[], report: OutboxEntry, intake: number): readonly OutboxEntry[] {
  return entries.map((entry) => (entry.proof === report.key ? { ...entry, path: `/intakes/${intake}/photos` } : entry));
}

/** A refused entry is to be sent once more: what was wrong at the server may have been mended. */
export function again(entries: readonly OutboxEntry[], key: string): readonly OutboxEntry[] {
  return entries.map((entry) => (entry.key === key ? { ...entry, refused: null, next_try_ms: 0 } : entry));
}

/** What goes when an entry is put away: itself and all that waits behind it, or a photo alone. Photos of a task stay: they were taken. */
export function goesWith(entries: readonly OutboxEntry[], key: string): readonly OutboxEntry[] {
  const first = entries.find((entry) => entry.key === key);
  if (first === undefined) return [];
  if (first.photo !== undefined) return [first];
  const isBehind = (entry: OutboxEntry): boolean => entry.photo === undefined || entry.proof !== undefined;
  return entries.filter((entry) => entry.user === first.user && entry.lane === first.lane && isBehind(entry));
}

/** A refused edit that was mended goes in place of all that its lane holds: what waited behind it is part of it now. */
export function replaced(entries: readonly OutboxEntry[], mended: OutboxEntry): readonly OutboxEntry[] {
  return [...entries.filter((entry) => entry.user !== mended.user || entry.lane !== mended.lane), mended];
}

/** Everything is tried again at once, as when the signal comes back. */
export function wake(entries: readonly OutboxEntry[], nowMs: number): readonly OutboxEntry[] {
  return entries.map((entry) => (entry.next_try_ms > nowMs ? { ...entry, next_try_ms: nowMs } : entry));
}

const FIELDS: readonly (keyof OutboxEntry)[] = ["key", "user", "lane", "action", "path"];

/** Entries from storage; what cannot be read is left out rather than blocking the rest. */
export function decode(text: string | null): readonly OutboxEntry[] {
  if (text === null) return [];
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return [];
    return value.filter(
      (item): item is OutboxEntry =>
        typeof item === "object" && item !== null && FIELDS.every((field) => typeof item[field] === "string"),
    );
  } catch {
    return [];
  }
}
