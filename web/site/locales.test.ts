import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createI18n } from "vue-i18n";
import { describe, expect, it } from "vitest";
import en from "./i18n/en";
import zh from "./i18n/zh";

type Tree = { readonly [key: string]: string | Tree };

function flat(tree: Tree, prefix = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") out.set(prefix + key, value);
    else for (const [below, text] of flat(value, `${prefix}${key}.`)) out.set(below, text);
  }
  return out;
}

const chinese = flat(zh);
const english = flat(en);
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].toSorted();

/** Sources of the page, and the parts of `src` that it uses. */
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "i18n" ? [] : sources(path);
    return /\.(vue|ts)$/.test(entry.name) && !entry.name.endsWith(".test.ts") && entry.name !== "schema.d.ts" ? [path] : [];
  });
}

function used(): string[] {
  const own = sources("site");
  const borrowed = own.flatMap((path) => [...readFileSync(path, "utf8").matchAll(/from "@\/(parts\/\w+(?:\.vue)?)"/g)].map(([, name = ""]) => name));
  return [...own, ...new Set(borrowed.map((name) => join("src", name.endsWith(".vue") ? name : `${name}.ts`)))];
}

describe("the two languages of the technician's page", () => {
  it("have the same keys and placeholders", () => {
    expect([...english.keys()].toSorted()).toEqual([...chinese.keys()].toSorted());
    for (const [key, text] of chinese) expect(placeholders(english.get(key) ?? ""), key).toEqual(placeholders(text));
  });

  it("leave nothing empty and nothing untranslated", () => {
    for (const [key, text] of chinese) {
      expect(text.trim(), key).not.toBe("");
      expect(english.get(key) ?? "", key).not.toMatch(/[\u4e00-\u9fff]/);
      if (/[\u4e00-\u9fff]/.test(text)) expect(english.get(key), key).not.toBe(text);
    }
  });

  it("know every key that the page and its borrowed parts say", () => {
    const missing = new Set<string>();
    for (const path of used()) {
      const text = readFileSync(path, "utf8");
      for (const [, key = ""] of text.matchAll(/\bt\(\s*["']([\w.]+)["']/g)) if (!chinese.has(key)) missing.add(`${path}: ${key}`);
      for (const [, key = ""] of text.matchAll(/\bt\(\s*`([\w.]+)\.\$\{/g)) {
        if (![...chinese.keys()].some((known) => known.startsWith(`${key}.`))) missing.add(`${path}: ${key}.*`);
      }
      for (const [, a = "", b = ""] of text.matchAll(/\? ["'](\w+\.[\w.]+)["'] : ["'](\w+\.[\w.]+)["']/g)) {
        for (const key of [a, b]) if (!chinese.has(key)) missing.add(`${path}: ${key}`);
      }
    }
    expect([...missing]).toEqual([]);
  });

  it("say nothing that nobody uses", () => {
    const all = used().map((path) => readFileSync(path, "utf8")).join("\n");
    const spoken = (key: string): boolean => {
      const [space = "", name = ""] = key.split(".");
      return all.includes(`"${key}"`) || all.includes(`'${key}'`) || all.includes(`\`${space}.\${`) || (space === "change" && /^[A-D]{4}$/.test(name));
    };
    expect([...chinese.keys()].filter((key) => !spoken(key))).toEqual([]);
  });

  it("are messages that compile", () => {
    const i18n = createI18n({ legacy: false, locale: "en", messages: { en: en as never, zh: zh as never } });
    const { t } = i18n.global as unknown as { t: (key: string, n: object) => string };
    for (const key of english.keys()) expect(t(key, { n: 2 }), key).not.toBe(key);
  });
});
