/** One rule while it is edited: its text is what counts, the form is a view of it; the server turns one into the other. */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { ApiError } from "@/api/client";
import { draftRule } from "@/api/routes";
import type { RuleDraft, RuleForm } from "@/api/schema";

/** So long after the last key a draft is sent. */
export const PAUSE_MS = 350;

type Ask = (body: { text: string; form?: RuleForm; rule?: string; member?: string }, signal: { signal: AbortSignal }) => Promise<RuleDraft>;

export interface Drafting {
  readonly text: Ref<string>;
  readonly form: Ref<RuleForm | null>;
  readonly checked: ShallowRef<RuleDraft | null>;
  readonly error: ShallowRef<ApiError | null>;
  /** Whether what is shown has not been checked yet. */
  readonly waiting: Ref<boolean>;
  /** Of a template: the rule that is told about; empty for the first. */
  readonly member: Ref<string>;
  take: (draft: RuleDraft) => void;
  typed: () => void;
  filled: () => void;
}

/** A form that can be changed; the server's answers are not. */
export function copied(form: RuleForm | null): RuleForm | null {
  return form === null ? null : (JSON.parse(JSON.stringify(form)) as RuleForm);
}

export function useDraft(rule: () => string, ask: Ask = draftRule): Drafting {
  const text = ref("");
  const form = ref<RuleForm | null>(null) as Ref<RuleForm | null>;
  const checked = shallowRef<RuleDraft | null>(null);
  const error = shallowRef<ApiError | null>(null);
  const waiting = ref(false);
  const member = ref("");
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | null = null;

  function take(draft: RuleDraft): void {
    checked.value = draft;
    text.value = draft.text;
    form.value = copied(draft.form);
    waiting.value = false;
  }

  async function send(fromForm: boolean): Promise<void> {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const id = rule();
    const body = { text: text.value, ...(fromForm && form.value ? { form: form.value } : {}), ...(id ? { rule: id } : {}), ...(member.value ? { member: member.value } : {}) };
    try {
      const draft = await ask(body, { signal: mine.signal });
      if (mine.signal.aborted) return;
      error.value = null;
      checked.value = draft;
      if (fromForm) text.value = draft.text;
      // A row that is half filled in would come back as a text: it stays as it is until it can be read.
      if (!fromForm || draft.sound) form.value = copied(draft.form);
      // Its levels stand in the text now, in the order that they have in the form.
      else if (form.value?.levels.length === draft.form?.levels.length) form.value?.levels.forEach((one, place) => (one.origin = place));
    } catch (failure) {
      if (mine.signal.aborted) return;
      if (!(failure instanceof ApiError)) throw failure;
      error.value = failure;
    }
    waiting.value = false;
  }

  function soon(fromForm: boolean): void {
    clearTimeout(timer);
    running?.abort();
    waiting.value = true;
    timer = setTimeout(() => void send(fromForm), PAUSE_MS);
  }

  onScopeDispose(() => {
    clearTimeout(timer);
    running?.abort();
  });
  return { text, form, checked, error, waiting, member, take, typed: () => soon(false), filled: () => soon(true) };
}
