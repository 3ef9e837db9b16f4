/** A page says only what it has brought: the words of the desk pages come with those pages alone. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en";
import enDesk from "./en.desk";
import zh from "./zh";
import zhDesk from "./zh.desk";

const PAGE = /component: \(\) => import\("@\/pages\/(\w+)\.vue"\),\s*meta: \{([^}]*)\}/g;
const ROUTER = "src/router.ts";
const text = (path: string): string => readFileSync(path, "utf8");

/** The file that a source names; none outside of `src`. */
function fileOf(from: string, name: string): string | undefined {
  const path = name.startsWith("@/") ? `src/${name.slice(2)}` : name.startsWith(".") ? normalize(join(dirname(from), name)) : undefined;
  return path === undefined ? undefined : [path, `${path}.ts`, `${path}/index.ts`].find((one) => /\.(vue|ts)$/.test(one) && existsSync(one));
}

/** A source with all that it brings, at once or later; other pages stand for themselves. */
function reach(start: string, seen = new Set<string>()): Set<string> {
  if (seen.has(start)) return seen;
  seen.add(start);
  for (const [, at = "", later = ""] of text(start).matchAll(/(?:from "([^"]+)")|(?:import\("([^"]+)"\))/g)) {
    const file = fileOf(start, at || later);
    if (file && file !== ROUTER && !/^src\/(i18n\/|pages\/\w+Page\.vue$)/.test(file)) reach(file, seen);
  }
  return seen;
}

const groups = Object.keys(enDesk);
const pages = [...text(ROUTER).matchAll(PAGE)].map(([, name = "", meta = ""]) => ({ path: `src/pages/${name}.vue`, desk: /\bdesk: true\b/.test(meta) }));

/** Keys of the desk that a file says. */
function deskKeys(path: string): string[] {
  return [...text(path).matchAll(/["'`](\w+)\.([\w.]+)(?:["'`]|\.?\$\{)/g)]
    .filter(([, group = "", rest = ""]) => groups.includes(group) && `${group}.${rest}` !== "exchange.keep")
    .map(([found]) => `${path}: ${found}`);
}

describe("words that only the desk brings", () => {
  it("are known to the router's pages", () => {
    expect(pages.length).toBeGreaterThan(40);
    expect(pages.filter((one) => one.desk).length).toBeGreaterThan(5);
  });

  it("stand in one of the two parts of a language", () => {
    for (const group of groups) {
      expect(Object.keys(en)).not.toContain(group);
      expect(Object.keys(zh)).not.toContain(group);
    }
    expect(Object.keys(zhDesk).toSorted()).toEqual(groups.toSorted());
  });

  it("are said by no page that does not bring them", () => {
    const said = new Set(["src/main.ts", "src/layout/AppShell.vue", ...pages.filter((one) => !one.desk).map((one) => one.path)].flatMap((page) => [...reach(page)].flatMap((file) => deskKeys(file).map((found) => `${page} → ${found}`))));
    expect([...said]).toEqual([]);
  });

  it("are said somewhere", () => {
    const found = pages.filter((one) => one.desk).flatMap((one) => [...reach(one.path)].flatMap(deskKeys));
    expect(groups.filter((group) => !found.some((one) => new RegExp(`["'\`]${group}\\.`).test(one)))).toEqual([]);
  });
});
