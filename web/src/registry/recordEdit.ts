/**
 * What somebody is writing into a record, from the form to the server and back. Without signal it waits in the outbox; what the form
 * shows is the record as it will be. What was typed and not saved is kept on the phone, with the values it was based on.
 */
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from "vue";
import { ApiError } from "@/api/client";
import type { FieldMoved, FieldView, RecordView } from "@/api/schema";
import { draft as drafted, keepDraft } from "@/offline/memory";
import { after, editOf, folded, rebased, recordLane, settledBase, undecided, type Choice, type Edit, type Fields } from "@/offline/merging";
import type { Clash } from "@/offline/outbox";
import { onSent, outbox, post, postMended, putAway } from "@/offline/runner";
import { me } from "@/session/session";
import { changedFields } from "./lists";
import { getRecord, patchRecord, recordPath, type PositionSystem, type RecordEdit } from "./routes";

/** How an edit ended for now. */
export type Saved = "saved" | "kept" | "asked";

const SYSTEMS: readonly PositionSystem[] = ["WGS-84", "GCJ-02", "CGCS2000"];
const systemOf = (body: unknown): PositionSystem => {
  const said = (body as { system?: unknown } | null)?.system;
  return SYSTEMS.find((one) => one === said) ?? "WGS-84";
};

function keptEdit(name: string): (Edit & { system: PositionSystem }) | null {
  try {
    const value: unknown = JSON.parse(drafted(name));
    const edit = editOf(value);
    return Object.keys(edit.fields).length > 0 ? { ...edit, system: systemOf(value) } : null;
  } catch {
    return null;
  }
}

export function useRecordEdit(kind: Ref<string>, code: Ref<string>, fields: () => readonly FieldView[]) {
  const record = shallowRef<RecordView | null>(null);
  const base = ref<Fields>({});
  const draft = ref<Record<string, string>>({});
  const system = ref<PositionSystem>("WGS-84");
  const conflicts = shallowRef<readonly Clash[]>([]);
  const choice = ref<Choice>({});
  const moved = shallowRef<readonly FieldMoved[]>([]);
  const edition = ref(0);
  const restored = ref(false);
  const lane = computed(() => recordLane(kind.value, code.value));
  const entries = computed(() => outbox.value.filter((entry) => entry.lane === lane.value));
  const refused = computed(() => entries.value.find((entry) => entry.refused !== null) ?? null);
  const draftName = computed(() => `${me.value?.username}.record.${kind.value}.${code.value}`);

  function show(edit: Edit, stands: Fields): void {
    const place = conflicts.value.filter((one) => one.field === "longitude" || one.field === "latitude");
    if (place.length > 0) system.value = "WGS-84"; // as the server tells them
    const over = rebased({ ...edit, fields: { ...edit.fields, ...Object.fromEntries(place.map((one) => [one.field, one.mine])) } }, stands);
    const all = [...new Set([...fields().map((one) => one.name), ...Object.keys(stands), ...Object.keys(over.fields)])];
    base.value = over.base;
    draft.value = Object.fromEntries(all.map((name) => [name, over.fields[name] ?? stands[name] ?? ""]));
    edition.value += 1;
  }
  function ask(found: readonly Clash[]): void {
    conflicts.value = found;
    choice.value = {};
  }

  /**
   * Show a record as it stands, with what waits for it and what was left in the form; a new one holds what its address says.
   * `typed` is what was written meanwhile and not saved.
   */
  function take(found: RecordView | null, given: Fields = {}, typed: Edit | null = null): void {
    record.value = found;
    const kept = typed === null ? keptEdit(draftName.value) : { ...typed, system: system.value };
    const waiting = entries.value.map((entry) => editOf(entry.body));
    const stands = found?.fields ?? {};
    restored.value = kept !== null && typed === null && refused.value === null;
    ask(refused.value?.conflicts ?? []);
    system.value = kept?.system ?? systemOf(refused.value?.body);
    if (refused.value !== null) show(folded(kept === null ? waiting : [...waiting, kept]), stands);
    else show(kept ?? { base: {}, fields: found === null ? given : {} }, after(stands, entries.value));
  }

  const changed = computed<Record<string, string>>(() => {
    const found = changedFields(base.value, draft.value, fields());
    // A position in another system is whole.
    if (system.value !== "WGS-84" && ("longitude" in found || "latitude" in found)) return { ...found, longitude: draft.value["longitude"] ?? "", latitude: draft.value["latitude"] ?? "" };
    return found;
  });
  const count = computed(() => Object.keys(changed.value).length);
  const open = computed(() => undecided(conflicts.value, choice.value));
  const edit = computed<RecordEdit>(() => ({ mark: record.value?.mark ?? "", fields: changed.value, system: system.value, base: settledBase(base.value, conflicts.value, choice.value) }));

  watch(choice, (chosen) => {
    const own: Record<string, string> = {};
    for (const one of conflicts.value) {
      const side = chosen[one.field];
      if (side !== undefined) own[one.field] = one[side];
    }
    base.value = settledBase(base.value, conflicts.value, chosen);
    draft.value = { ...draft.value, ...own };
    edition.value += 1;
  });
  watch(edit, (now) => keepDraft(draftName.value, Object.keys(now.fields).length > 0 ? JSON.stringify(now) : ""));

  function written(found: RecordView): void {
    keepDraft(draftName.value, "");
    take(found);
    moved.value = found.meanwhile ?? [];
  }
  /** What waited has met its fate while somebody may be writing on: that stays in the form. */
  function met(found: RecordView | null, own: Edit): void {
    take(found ?? record.value, {}, Object.keys(own.fields).length > 0 ? own : null);
    if (found?.meanwhile !== undefined) moved.value = found.meanwhile;
  }

  /** Send the edit; without signal it is kept and sent later. An `ApiError` says what is wrong with it. */
  async function save(): Promise<Saved> {
    if (count.value === 0) {
      drop();
      return "saved";
    }
    const body = edit.value;
    const action = { lane: lane.value, action: "record", method: "PATCH", path: recordPath(kind.value, code.value), body: { ...body } } as const;
    moved.value = [];
    if (entries.value.length > 0) {
      keepDraft(draftName.value, "");
      if (refused.value === null) post(action);
      else postMended(action);
      take(record.value);
      return "kept";
    }
    try {
      written(await patchRecord(kind.value, code.value, body));
      return "saved";
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      if (failure.kind === "offline" || failure.kind === "unavailable") {
        keepDraft(draftName.value, "");
        post(action);
        take(record.value);
        return "kept";
      }
      const both = failure.problem.conflicts ?? [];
      if (both.length === 0) throw failure;
      record.value = await getRecord(kind.value, code.value);
      ask(both);
      show(body, record.value.fields);
      return "asked";
    }
  }

  /** Forget what is in the form, and what was refused of it. */
  function drop(): void {
    keepDraft(draftName.value, "");
    if (refused.value !== null) putAway(refused.value.key);
    take(record.value);
  }

  onScopeDispose(
    onSent((entry, answer) => {
      if (entry.lane !== lane.value) return;
      // In the next breath the entry has gone, or says why it was refused.
      queueMicrotask(() => {
        const own = { base: base.value, fields: changed.value };
        if (answer !== null) met(answer as RecordView, own);
        else void getRecord(kind.value, code.value).then((found) => met(found, own), () => met(null, own));
      });
    }),
  );
  return { record, draft, system, conflicts, choice, open, moved, edition, restored, entries, refused, changed, count, take, save, drop };
}
