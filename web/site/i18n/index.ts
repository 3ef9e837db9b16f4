/** The languages of the technician's page; the same interface as `src/i18n`, so that parts of `src` find it here. */
import { createI18n } from "vue-i18n";
import type { Language } from "@/format/time";

const LOADERS: Record<Language, () => Promise<{ default: Record<string, unknown> }>> = {
  zh: () => import("./zh"),
  en: () => import("./en"),
};
const STORED = "twingrid.language";

export const i18n = createI18n({
  legacy: false,
  locale: "zh" as string,
  fallbackLocale: [],
  missingWarn: false,
  fallbackWarn: false,
  messages: {},
});

/** The language chosen on this device before, else what the browser prefers, else Chinese. */
export function preferredLanguage(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "zh" || stored === "en") return stored;
  for (const tag of navigator.languages) {
    if (tag.startsWith("zh")) return "zh";
    if (tag.startsWith("en")) return "en";
  }
  return "zh";
}

/** Switch the page to a language. */
export async function useLanguage(wanted: Language): Promise<void> {
  if (!(i18n.global.availableLocales as string[]).includes(wanted)) {
    i18n.global.setLocaleMessage(wanted, (await LOADERS[wanted]()).default);
  }
  i18n.global.locale.value = wanted;
  localStorage.setItem(STORED, wanted);
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
}

export function language(): Language {
  return i18n.global.locale.value === "en" ? "en" : "zh";
}

/** A text of the gateway in the reader's language. */
export function say(text: { readonly zh: string; readonly en: string } | null | undefined): string {
  if (!text) return "";
  return language() === "en" ? text.en : text.zh;
}
