import { effectScope } from "vue";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RuleDraft, RuleForm } from "@/api/schema";
import { PAUSE_MS, useDraft } from "./draft";

const form = (limit: string): RuleForm =>
  ({ id: "r", for: limit, say: { zh: "", en: "" }, source: { zh: "", en: "" }, deadline: {}, levels: [], steps: [] }) as unknown as RuleForm;
const answer = (text: string, sound = true, shown: RuleForm | null = form("1 s")): RuleDraft =>
  ({ text, sound, form: shown, findings: [] }) as unknown as RuleDraft;

function drafted(ask: Parameters<typeof useDraft>[1]) {
  const scope = effectScope();
  const draft = scope.run(() => useDraft(() => "r", ask));
  if (!draft) throw new Error("no scope");
  draft.take(answer("as it was"));
  return { draft, scope };
}

describe("a rule while it is edited", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("is sent once somebody pauses, as text or with its form", async () => {
    const ask = vi.fn(async (body: { text: string }) => answer(`${body.text}!`));
    const { draft, scope } = drafted(ask);
    draft.text.value = "typed";
    draft.typed();
    draft.typed();
    await vi.advanceTimersByTimeAsync(PAUSE_MS + 1);
    expect(ask.mock.calls.map(([body]) => body)).toEqual([{ text: "typed", rule: "r" }]);
    expect(draft.text.value).toBe("typed");
    draft.filled();
    await vi.advanceTimersByTimeAsync(PAUSE_MS + 1);
    expect(ask.mock.calls[1]?.[0]).toMatchObject({ text: "typed", form: { id: "r" } });
    expect(draft.text.value).toBe("typed!");
    scope.stop();
  });

  it("keeps a form that is half filled in, and gives it up where the text has none", async () => {
    const answers = [answer("level >", false, form("from the text")), answer("nonsense", false, null)];
    const { draft, scope } = drafted(async () => answers.shift() as RuleDraft);
    draft.form.value = form("2 s");
    draft.filled();
    await vi.advanceTimersByTimeAsync(PAUSE_MS + 1);
    expect([draft.text.value, draft.form.value?.for]).toEqual(["level >", "2 s"]);
    draft.typed();
    await vi.advanceTimersByTimeAsync(PAUSE_MS + 1);
    expect(draft.form.value).toBeNull();
    scope.stop();
  });

  it("believes the newest answer alone", async () => {
    const open: ((draft: RuleDraft) => void)[] = [];
    const { draft, scope } = drafted(() => new Promise((resolve) => open.push(resolve)));
    draft.filled();
    await vi.advanceTimersByTimeAsync(PAUSE_MS + 1);
    draft.filled();
    await vi.advanceTimersByTimeAsync(PAUSE_MS + 1);
    open[1]?.(answer("new"));
    open[0]?.(answer("old"));
    await vi.advanceTimersByTimeAsync(1);
    expect([draft.text.value, draft.waiting.value]).toEqual(["new", false]);
    scope.stop();
  });
});
