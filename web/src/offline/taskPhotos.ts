/** Photos of a task on their way: what is chosen (kept as a draft until it is sent), and the entries of the outbox it becomes. */
import type { PhotoKind, TaskKind } from "@/api/schema";
import { draftsOf } from "./memory";
import type { OutboxEntry } from "./outbox";
import { taskLane } from "./projection";
import { MOST_PHOTOS, reportDraft } from "./report";
import type { Action } from "./runner";

/** Of which kinds a task has photos; the one that fits its next step last. */
export const KINDS: Readonly<Record<TaskKind, readonly PhotoKind[]>> = { handle: ["before", "after"], verify: ["before", "verification"] };

/** Under which name the photos that were chosen for a step are kept. */
export const photosName = (user: string, task: number, step: string): string => `${user}.task.${task}.${step}.photos`;

/** Keys of photos that were chosen before; whatever cannot be read is none. */
export function photosDraft(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string").slice(0, MOST_PHOTOS) : [];
  } catch {
    return [];
  }
}

/** Keys of all photos that belong to something that is being filled in, of whomever. */
export function draftedPhotos(): readonly string[] {
  return [...draftsOf(".report").flatMap((text) => reportDraft(text).photos), ...draftsOf(".photos").flatMap(photosDraft)];
}

export function photoActions(task: number, kind: PhotoKind, photos: readonly string[]): readonly Action[] {
  return photos.map((photo) => ({ lane: taskLane(task), action: "photo", path: `/tasks/${task}/photos?kind=${kind}`, body: { kind }, photo }));
}

/** The photos of a task that are still on this phone. */
export function photosOnPhone(entries: readonly OutboxEntry[], task: number): readonly OutboxEntry[] {
  return entries.filter((entry) => entry.lane === taskLane(task) && entry.photo !== undefined);
}

/** A step with its photos, in the order they are sent: words first, unless the step holds only with the photos. */
export function withPhotos(step: Action, photos: readonly Action[], rests: boolean): readonly Action[] {
  return rests ? [...photos, { ...step, rests }] : [step, ...photos];
}
