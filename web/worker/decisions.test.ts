import { describe, expect, it } from "vitest";
import { cacheOf, isSound, mayTakeOver, outOfUse, shownEdition, wayOf, type Asked, type Fetched, type Standing } from "./decisions";

const KEPT = new Set(["/index.html", "/icon-192.png", "/manifest.zh.webmanifest"]);
const asked = (path: string, more: Partial<Asked> = {}): Asked => ({ method: "GET", mode: "cors", ours: true, path, ...more });
const got = (type: string, more = {}): Fetched => ({ status: 200, type, redirected: false, ...more });
const standing = (more: Partial<Standing>): Standing => ({ current: "b", proven: "a", tries: 0, caches: [cacheOf("a"), cacheOf("b"), "twingrid-notes"], ...more });
const opened = (path: string): string => wayOf(asked(path, { mode: "navigate" }), KEPT);

describe("what the worker does with a request", () => {
  it("gives the frame for every address of the pages", () => {
    expect(["/", "/tasks", "/tasks/17", "/registry/facilities/aa-sp-01", "/apiary", "/exchange"].map(opened)).toEqual(Array(6).fill("frame"));
  });
  it("never touches the API, the probes, the page of residents and itself", () => {
    for (const path of ["/api/v1/tasks", "/API/v1/tasks", "/-/health", "/metrics", "/prometheus/api/v1/query", "/e/facility/aa-sp-01", "/worker.js"]) {
      expect(wayOf(asked(path), KEPT), path).toBe("pass");
      expect(opened(path), path).toBe("pass");
    }
  });
  it("leaves to the server what looks like a file, as the server does", () => {
    expect(opened("/report.pdf")).toBe("pass");
    expect(opened("/registry/facilities/aa.sp")).toBe("pass");
  });
  it("keeps files of the pages, and nothing that changes something or is not ours", () => {
    expect(wayOf(asked("/assets/kit-B4x9Qz12.js"), KEPT)).toBe("part");
    expect(wayOf(asked("/icon-192.png", { mode: "no-cors" }), KEPT)).toBe("part");
    expect(wayOf(asked("/other.png"), KEPT)).toBe("pass");
    expect(wayOf(asked("/favicon.svg", { method: "HEAD" }), new Set(["/favicon.svg"]))).toBe("pass");
    expect(wayOf(asked("/tasks", { method: "POST", mode: "navigate" }), KEPT)).toBe("pass");
    expect(wayOf(asked("/assets/kit-B4x9Qz12.js", { ours: false }), KEPT)).toBe("pass");
  });
});

describe("what is taken for a file of the pages", () => {
  it("is what the server gives", () => {
    expect(isSound("/assets/a-12345678.js", got("text/javascript; charset=utf-8"))).toBe(true);
    expect(isSound("/assets/a-12345678.css", got("text/css"))).toBe(true);
    expect(isSound("/index.html", got("text/html; charset=utf-8"))).toBe(true);
    expect(isSound("/manifest.zh.webmanifest", got("application/manifest+json"))).toBe(true);
  });
  it("is not the sign-in page of a network in between, an error, or a page in place of a script", () => {
    expect(isSound("/assets/a-12345678.js", got("text/html"))).toBe(false);
    expect(isSound("/index.html", got("text/html", { redirected: true }))).toBe(false);
    expect(isSound("/index.html", got("text/html", { status: 503 }))).toBe(false);
    expect(isSound("/assets/a-12345678.js", got("text/javascript", { status: 206 }))).toBe(false);
  });
});

describe("which edition is shown", () => {
  it("is the new one", () => {
    expect(shownEdition(standing({}))).toBe("b");
    expect(shownEdition(standing({ tries: 1 }))).toBe("b");
  });
  it("is the one before when the new one was opened twice and never came up", () => {
    expect(shownEdition(standing({ tries: 2 }))).toBe("a");
    expect(shownEdition(standing({ tries: 9 }))).toBe("a");
  });
  it("is the new one where there is none before", () => {
    expect(shownEdition(standing({ tries: 9, proven: "" }))).toBe("b");
    expect(shownEdition(standing({ tries: 9, proven: "b" }))).toBe("b");
    expect(shownEdition(standing({ tries: 9, caches: [cacheOf("b")] }))).toBe("b");
  });
});

describe("which caches go", () => {
  const caches = ["a", "b", "c"].map(cacheOf).concat("twingrid-notes", "somebody-else");
  it("keeps the proven edition beside one that is on trial", () => {
    expect(outOfUse({ current: "c", proven: "b", caches })).toEqual([cacheOf("a")]);
  });
  it("keeps the current one alone once a page of it came up", () => {
    expect(outOfUse({ current: "c", proven: "c", caches })).toEqual([cacheOf("a"), cacheOf("b")]);
  });
  it("never takes the current one, nor what is not an edition", () => {
    expect(outOfUse({ current: "c", proven: "", caches })).toEqual([cacheOf("a"), cacheOf("b")]);
  });
});

describe("when a new edition takes over at once", () => {
  it("only from the one page there is", () => {
    expect([0, 1, 2, 3].map(mayTakeOver)).toEqual([true, true, false, false]);
  });
});
