import { describe, expect, it } from "vitest";
import { editionOf, filesOf, type Manifest } from "./parts";

const MANIFEST: Manifest = {
  "index.html": { file: "assets/index-1.js", imports: ["_frame.js"], css: ["assets/index-1.css"], dynamicImports: ["src/pages/TaskPage.vue", "src/pages/RulePage.vue"] },
  "_frame.js": { file: "assets/frame-1.js", imports: ["index.html"], assets: ["assets/shared.worker-1.js"] },
  "src/pages/TaskPage.vue": { file: "assets/TaskPage-1.js", imports: ["index.html", "_chart.js"], css: ["assets/TaskPage-1.css"] },
  "src/pages/RulePage.vue": { file: "assets/RulePage-1.js" },
  "_chart.js": { file: "assets/chart-1.js", dynamicImports: ["src/charts/engine.ts"] },
  "src/charts/engine.ts": { file: "assets/engine-1.js" },
};

describe("files of the pages that phones keep", () => {
  it("are those of the named pages with all they import at once, and no other page", () => {
    expect(filesOf(MANIFEST, ["index.html", "src/pages/TaskPage.vue"])).toEqual([
      "/assets/TaskPage-1.css",
      "/assets/TaskPage-1.js",
      "/assets/chart-1.js",
      "/assets/frame-1.js",
      "/assets/index-1.css",
      "/assets/index-1.js",
      "/assets/shared.worker-1.js",
    ]);
  });
  it("fail the build when a page was renamed", () => {
    expect(() => filesOf(MANIFEST, ["src/pages/GonePage.vue"])).toThrow("src/pages/GonePage.vue");
  });
});

describe("an edition", () => {
  const texts: Record<string, string> = { "/a-1.js": "a", "/index.html": "one" };
  const named = (more: Record<string, string> = {}): string => editionOf(["/a-1.js"], ["/index.html"], (path) => new TextEncoder().encode({ ...texts, ...more }[path] ?? "")).name;
  it("has a name of its contents: the same for the same, another for any other", () => {
    expect(named()).toBe(named());
    expect(named({ "/index.html": "two" })).not.toBe(named());
  });
  it("tells files whose name stands for their content from those that are asked for anew", () => {
    expect(editionOf(["/a-1.js"], ["/index.html"], () => new Uint8Array()).parts).toEqual([
      { path: "/a-1.js", lasting: true },
      { path: "/index.html", lasting: false },
    ]);
  });
});
