import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createI18n } from "vue-i18n";
import { describe, expect, it } from "vitest";
import enShell from "./en";
import enDesk from "./en.desk";
import zhShell from "./zh";
import zhDesk from "./zh.desk";

type Tree = { readonly [key: string]: string | Tree };

function flat(tree: Tree, prefix = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") out.set(prefix + key, value);
    else for (const [below, text] of flat(value, `${prefix}${key}.`)) out.set(below, text);
  }
  return out;
}

const en = { ...enShell, ...enDesk };
const zh = { ...zhShell, ...zhDesk };
const chinese = flat(zh);
const english = flat(en);

/** Placeholders of a message; `n` may be left out of a form that says "once". */
function placeholders(text: string): string[] {
  return [...new Set(text.match(/\{\w+\}/g) ?? [])].filter((name) => name !== "{n}").toSorted();
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(vue|ts)$/.test(entry.name) && !entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

describe("the two languages", () => {
  it("have the same keys", () => {
    expect([...english.keys()].toSorted()).toEqual([...chinese.keys()].toSorted());
  });

  it("have the same placeholders", () => {
    for (const [key, text] of chinese) {
      expect(placeholders(english.get(key) ?? ""), key).toEqual(placeholders(text));
    }
  });

  it("leave nothing empty and nothing untranslated", () => {
    for (const [key, text] of chinese) {
      expect(text.trim(), key).not.toBe("");
      if (!/^[{}\w\s–]*$/.test(text)) expect(english.get(key), key).not.toBe(text);
      expect(english.get(key) ?? "", key).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });

  it("hold every key that a page names", () => {
    const missing = new Set<string>();
    for (const path of sources("src")) {
      const text = readFileSync(path, "utf8");
      for (const [, key = ""] of text.matchAll(/\bt\(\s*["']([\w.]+)["']/g)) if (!chinese.has(key)) missing.add(`${path}: ${key}`);
      for (const [, key = ""] of text.matchAll(/\bt\(\s*`([\w.]+)\.\$\{/g)) {
        if (![...chinese.keys()].some((known) => known.startsWith(`${key}.`))) missing.add(`${path}: ${key}.*`);
      }
      for (const [, a = "", b = ""] of text.matchAll(/\? ["']([\w]+\.[\w.]+)["'] : ["']([\w]+\.[\w.]+)["']/g)) {
        for (const key of [a, b]) if (!chinese.has(key)) missing.add(`${path}: ${key}`);
      }
      for (const [, key = ""] of text.matchAll(/(?:title|label): ["'](\w+\.\w[\w.]*)["']/g)) if (!chinese.has(key)) missing.add(`${path}: ${key}`);
    }
    expect([...missing]).toEqual([]);
  });

  it("are messages that compile, in the right number", () => {
    const i18n = createI18n({ legacy: false, locale: "en", messages: { en: en as never, zh: zh as never } });
    const { t } = i18n.global as unknown as { t: (key: string, n?: number | object) => string };
    for (const key of english.keys()) expect(t(key, { n: 2, length: "x", value: "x", say: "x" }), key).not.toBe(key);
    expect(t("overview.nCases", 1)).toBe("1 open case");
    expect(t("overview.nCases", 0)).toBe("0 open cases");
    expect(t("overview.nCases", 3)).toBe("3 open cases");
    expect(t("chart.readings", 0)).toBe("no reading");
  });
});
