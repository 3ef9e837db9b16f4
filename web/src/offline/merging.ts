/**
 * Edits that are merged by field: what goes to the server, and what comes back when both sides changed a field.
 *
 * An edit carries the values it was based on. The server merges what others changed; where both changed the same field it
 * writes nothing and answers with both values. Then the person chooses, and the edit goes again, based on what stands now.
 */
import type { Clash, OutboxEntry } from "./outbox";

export type Fields = Readonly<Record<string, string>>;
export type Side = "mine" | "theirs";
export type Choice = Readonly<Record<string, Side>>;

/** An edit of some fields, and all values it was based on. */
export interface Edit {
  readonly base: Fields;
  readonly fields: Fields;
}

const isTexts = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((text) => typeof text === "string");

/** Base and fields of an edit that waits; whatever cannot be read of it is none. */
export function editOf(body: unknown): Edit {
  const { base, fields } = (typeof body === "object" && body !== null ? body : {}) as { base?: unknown; fields?: unknown };
  return { base: isTexts(base) ? base : {}, fields: isTexts(fields) ? fields : {} };
}

/** Edits of one thing in the order they were made, as one: based on what the first was based on. */
export function folded(edits: readonly Edit[]): Edit {
  const [first] = edits;
  return { base: first?.base ?? {}, fields: Object.assign({}, ...edits.map((one) => one.fields)) as Fields };
}

/** What stands once the waiting edits have reached the server. */
export function after(stands: Fields, entries: readonly OutboxEntry[]): Fields {
  return { ...stands, ...folded(entries.map((entry) => editOf(entry.body))).fields };
}

/** An edit seen over what stands now: the fields it leaves alone are as they stand, those it changes keep their base. */
export function rebased(edit: Edit, stands: Fields): Edit {
  const own = Object.keys(edit.fields).map((name) => [name, edit.base[name] ?? ""] as const);
  return { base: { ...stands, ...Object.fromEntries(own) }, fields: edit.fields };
}

/** Conflicts that are chosen about at once, in their order; of one decision all fields together. */
export function groups(conflicts: readonly Clash[]): readonly (readonly Clash[])[] {
  const found = new Map<string, Clash[]>();
  for (const one of conflicts) {
    const key = one.together.join(" ");
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  return [...found.values()];
}

/** Conflicts that nobody has chosen about. */
export function undecided(conflicts: readonly Clash[], choice: Choice): readonly Clash[] {
  return conflicts.filter((one) => choice[one.field] === undefined);
}

/**
 * The base of an edit whose conflicts are on the page. Decided ones are based on what stands, so that the choice holds; the others keep
 * their base, so that an edit that is kept for later is asked about once more.
 */
export function settledBase(base: Fields, conflicts: readonly Clash[], choice: Choice): Fields {
  return { ...base, ...Object.fromEntries(conflicts.map((one) => [one.field, choice[one.field] === undefined ? one.base : one.theirs])) };
}

/** The lane of a record of the registry. */
export const recordLane = (kind: string, code: string): string => `record:${kind}:${code}`;
/** The lane of the report of a handled task. */
export const handlingLane = (task: number): string => `handling:${task}`;

/** What a lane stands for, and where it is seen. */
export function placeOf(lane: string): { readonly what: "task" | "record" | "handling"; readonly path: string; readonly name: string } {
  const [what = "", first = "", ...rest] = lane.split(":");
  if (what !== "record") return { what: what === "handling" ? "handling" : "task", path: `/tasks/${first}`, name: "" };
  const code = rest.join(":");
  return { what, path: `/registry/${first}/${encodeURIComponent(code)}`, name: code };
}
