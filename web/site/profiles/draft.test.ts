import { nextTick } from "vue";
import { describe, expect, it } from "vitest";
import { draftOf, lineSpan, linesOf, useDraft } from "./draft";

function storage(first: Record<string, string> = {}): Storage {
  const held = new Map(Object.entries(first));
  return {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, value: string) => void held.set(key, value),
    removeItem: (key: string) => void held.delete(key),
    clear: () => held.clear(),
    key: () => null,
    get length() {
      return held.size;
    },
  };
}

describe("a draft", () => {
  it("is there again after a reload", async () => {
    const device = storage();
    const first = useDraft(device);
    first.change({ text: "maker: M\n", name: "t1" });
    await nextTick();
    expect(useDraft(device).now.value).toEqual({ text: "maker: M\n", name: "t1", base: "" });
  });

  it.each([null, "", "{", "[]", "7", "null", '{"text": 1, "name": "", "base": ""}', '{"text": "x"}'])("is empty where %j was stored", (stored) => {
    expect(draftOf(stored)).toEqual({ text: "", name: "", base: "" });
  });

  it("lives as long as the page where the device takes nothing", async () => {
    const full = { ...storage(), getItem: () => null, setItem: () => { throw new Error("full"); } } as unknown as Storage;
    const draft = useDraft(full);
    draft.change({ text: "a" });
    await nextTick();
    expect(draft.now.value.text).toBe("a");
  });

  it("can be taken back after another one was opened, once", () => {
    const draft = useDraft(storage());
    draft.change({ text: "mine", name: "a", base: "1" });
    draft.begin({ text: "other", name: "b", base: "2" });
    draft.takeBack();
    expect(draft.now.value).toEqual({ text: "mine", name: "a", base: "1" });
    expect(draft.before.value).toBeNull();
    draft.takeBack();
    expect(draft.now.value.text).toBe("mine");
  });

  it("of nothing needs not be taken back", () => {
    const draft = useDraft(storage());
    draft.begin({ text: "other", name: "b", base: "" });
    expect(draft.before.value).toBeNull();
  });
});

describe("a line", () => {
  const text = "a\nbcd\n\ne";

  it.each([[1, "a"], [2, "bcd"], [3, ""], [4, "e"], [9, "e"], [0, "a"]] as const)("%i is %j", (line, expected) => {
    const [start, end] = lineSpan(text, line);
    expect(text.slice(start, end)).toBe(expected);
  });

  it("is counted as editors do", () => {
    expect([linesOf(""), linesOf("a"), linesOf("a\n"), linesOf(text)]).toEqual([1, 1, 2, 4]);
  });
});
