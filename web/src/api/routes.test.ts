import { afterEach, describe, expect, it, vi } from "vitest";
import { getFacilitiesOf } from "./routes";

describe("facilities by number", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("come 200 with each call, and what fails costs only its own part", async () => {
    const asked: number[] = [];
    vi.stubGlobal("fetch", (path: string) => {
      const ids = new URL(path, "http://x").searchParams.getAll("id");
      asked.push(ids.length);
      if (ids.includes("201")) return Promise.resolve(new Response("", { status: 503 }));
      return Promise.resolve(Response.json({ items: ids.map((id) => ({ id: Number(id) })), next_cursor: null }));
    });
    const found = await getFacilitiesOf(Array.from({ length: 450 }, (_, at) => at + 1));
    expect(asked).toEqual([200, 200, 50]);
    expect(found.map((one) => one.id)).toEqual([...Array.from({ length: 200 }, (_, at) => at + 1), ...Array.from({ length: 50 }, (_, at) => at + 401)]);
    expect(await getFacilitiesOf([])).toEqual([]);
    expect(asked).toHaveLength(3);
  });
});
