/** Both languages of a page, complete; only the one in use is loaded. */
import { createI18n } from "vue-i18n";
import type { Language } from "@/format/time";

type Loaders = Readonly<Record<Language, () => Promise<{ default: Record<string, unknown> }>>>;
type Texts = { readonly zh: string; readonly en: string };

const STORED = "twingrid.language";

/** The language chosen on this device before, else what the browser prefers, else Chinese. */
function preferredLanguage(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "zh" || stored === "en") return stored;
  for (const tag of navigator.languages) {
    if (tag.startsWith("zh")) return "zh";
    if (tag.startsWith("en")) return "en";
  }
  return "zh";
}

/** What a page says, and how it changes its language; `loaders` bring its texts, `more` those that only some pages need. */
export function languages(loaders: Loaders, more?: Loaders) {
  const i18n = createI18n({
    legacy: false,
    locale: "zh" as string,
    fallbackLocale: [],
    missingWarn: false,
    fallbackWarn: false,
    messages: {},
  });

  let moreNeeded = false;
  const complete = new Set<Language>();

  async function bringMore(wanted: Language): Promise<void> {
    if (!more || !moreNeeded || complete.has(wanted)) return;
    i18n.global.mergeLocaleMessage(wanted, (await more[wanted]()).default);
    complete.add(wanted);
  }

  /** From now on the other texts are here, too, whatever the language. */
  async function needMore(): Promise<void> {
    moreNeeded = true;
    await bringMore(language());
  }

  /** Switch the page to a language. */
  async function useLanguage(wanted: Language): Promise<void> {
    if (!(i18n.global.availableLocales as string[]).includes(wanted)) {
      i18n.global.setLocaleMessage(wanted, (await loaders[wanted]()).default);
    }
    // Without signal the language changes all the same; the next page that needs the others asks for them again.
    await bringMore(wanted).catch(() => undefined);
    i18n.global.locale.value = wanted;
    localStorage.setItem(STORED, wanted);
    document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
    // What a phone that installs the pages calls them.
    document.querySelector<HTMLLinkElement>("link[rel=manifest]")?.setAttribute("href", `/manifest.${wanted}.webmanifest`);
  }

  const language = (): Language => (i18n.global.locale.value === "en" ? "en" : "zh");

  /** A text of the server or the gateway in the reader's language. */
  function say(text: Texts | null | undefined): string {
    if (!text) return "";
    const [first, second] = language() === "en" ? [text.en, text.zh] : [text.zh, text.en];
    return first || second;
  }

  return { i18n, preferredLanguage, useLanguage, needMore, language, say };
}
