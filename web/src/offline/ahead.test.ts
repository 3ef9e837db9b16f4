import { describe, expect, it } from "vitest";
import { lacking, type Seen } from "./ahead";
import { hintFor } from "./install";

const HOUR = 3_600_000;
const task = (id: number, version = 1, state = "waiting") => ({ id, version, state }) as Parameters<typeof lacking>[0][number];
const seen = (known: Record<number, Seen>) => (id: number): Seen | null => known[id] ?? null;

describe("what is fetched ahead", () => {
  it("is what is not kept or has changed, in the order of the queue", () => {
    const known = seen({ 1: { version: 1, at_ms: 0 }, 2: { version: 1, at_ms: 0 } });
    expect(lacking([task(3), task(2, 2), task(1)], known, 60_000)).toEqual([3, 2]);
  });
  it("is loaded again after half an hour, for what changes without a version", () => {
    const known = seen({ 1: { version: 1, at_ms: 0 } });
    expect(lacking([task(1)], known, HOUR / 2)).toEqual([]);
    expect(lacking([task(1)], known, HOUR / 2 + 1)).toEqual([1]);
  });
  it("is nothing of what is over, and at most 60", () => {
    expect(lacking([task(1, 1, "done"), task(2, 1, "cancelled")], seen({}), 0)).toEqual([]);
    expect(lacking(Array.from({ length: 90 }, (_, id) => task(id)), seen({}), 0)).toHaveLength(60);
  });
});

describe("how the pages get onto a home screen", () => {
  const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1";
  const ANDROID = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36";
  it("is a button where the browser offers it, and words where it does not", () => {
    expect(hintFor(ANDROID, 5, false, true)).toBe("button");
    expect(hintFor(ANDROID, 5, false, false)).toBe("menu");
    expect(hintFor(IPHONE, 5, false, false)).toBe("share");
    expect(hintFor("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15", 5, false, false)).toBe("share");
  });
  it("is the phone's own browser from within a chat program", () => {
    expect(hintFor(`${ANDROID} wxwork/4.1 MicroMessenger/8`, 5, false, true)).toBe("chat");
    expect(hintFor(`${IPHONE} AliApp(DingTalk/7.0)`, 5, false, false)).toBe("chat");
  });
  it("is nothing on a desk, nor once it is done", () => {
    expect(hintFor("Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0", 0, false, false)).toBe("none");
    expect(hintFor(ANDROID, 5, true, false)).toBe("none");
  });
});
