import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PublicState } from "../src/api/schema";

const BOTH = { zh: "灯不亮", en: "The light is out" };
const DONE: PublicState = { code: "R-2026-000006", say: BOTH, place: BOTH, time_ms: 1, stage: "done", known: false, changed_ms: 2, words: "", photos: 0, revisit: { closed_ms: 2, ends_ms: 3, answered: false } };
const AGAIN: PublicState = { ...DONE, stage: "on_the_way", revisit: null };

interface Sent {
  readonly path: string;
  readonly method: string;
  readonly key: string;
  readonly body: string;
}

/** The page of a report, opened with its key; what it asked the server for. */
async function opened(answers: readonly (readonly [number, unknown])[]): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const left = [...answers];
  vi.stubGlobal("fetch", async (path: string, options: RequestInit) => {
    sent.push({ path, method: options.method ?? "GET", key: new Headers(options.headers).get("idempotency-key") ?? "", body: String(options.body ?? "") });
    const [status, body] = left.shift() ?? [500, {}];
    return new Response(JSON.stringify(body), { status });
  });
  document.body.innerHTML = '<main id="main"></main>';
  history.replaceState(null, "", "/e/report/6#key-of-this-report");
  vi.resetModules();
  await import("./main");
  return sent;
}

const page = (): HTMLElement => document.querySelector("#main") as HTMLElement;
const choose = (text: string): void => {
  const label = [...page().querySelectorAll("label")].find((one) => one.textContent === text);
  label?.querySelector("input")?.dispatchEvent(new Event("change"));
};
const send = (): void => void page().querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));

describe("the page that shows what became of a report", () => {
  beforeEach(() => localStorage.setItem("twingrid.resident.language", '"en"'));
  afterEach(() => {
    vi.unstubAllGlobals();
    localStorage.clear();
  });

  it("asks in place once it is done, and sends the answer with the key of the report alone", async () => {
    const sent = await opened([[200, DONE], [200, AGAIN]]);
    await vi.waitFor(() => expect(page().querySelector("form")).not.toBeNull());
    expect(page().textContent).toContain("R-2026-000006");
    send();
    expect(page().querySelector("[role=alert]")?.textContent).toBe("Please choose whether it is solved.");
    choose("No, it is not");
    choose("Not quite");
    send();
    await vi.waitFor(() => expect(page().textContent).toContain("People are being sent again."));
    expect(sent.map(({ path, method, key }) => [method, path, key])).toEqual([
      ["GET", "/api/v1/public/reports/6", "key-of-this-report"],
      ["POST", "/api/v1/public/reports/6/revisit", "key-of-this-report"],
    ]);
    expect(JSON.parse(sent[1]?.body ?? "")).toEqual({ solved: false, satisfaction: 2, comment: "" });
    expect(localStorage.getItem("twingrid.resident.opinion.report.6")).toBeNull();
  });

  it("says so where it was answered before, by an answer that got lost, too", async () => {
    const answered = { ...DONE, revisit: { closed_ms: 2, ends_ms: 3, answered: true } };
    await opened([[200, DONE], [409, { title: "no" }], [200, answered]]);
    await vi.waitFor(() => expect(page().querySelector("form")).not.toBeNull());
    choose("Yes, it is solved");
    choose("Very");
    send();
    await vi.waitFor(() => expect(page().querySelector("h1")?.textContent).toBe("This has been answered already"));
    await opened([[200, answered]]);
    await vi.waitFor(() => expect(page().textContent).toContain("This has been answered already"));
    expect(page().querySelector("form")).toBeNull();
  });

  it("asks nothing while people are at work on it", async () => {
    await opened([[200, AGAIN]]);
    await vi.waitFor(() => expect(page().querySelector("[aria-current=step]")).not.toBeNull());
    expect(page().querySelector("form")).toBeNull();
  });
});
