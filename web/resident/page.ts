/** What all pages of residents share: the language, words, the frame, and how trouble is told. */
import { h, show } from "./dom";
import { keepLanguage, language } from "./kept";
import type { Failure } from "./server";
import { TEXTS, fill, waitWords, type Key, type Language } from "./texts";

const root = document.querySelector("#main") as HTMLElement;
let chosen = language();
let begin: () => Promise<void> = () => Promise.resolve();

/** What the button of the other language and "try again" do. */
export function startWith(start: () => Promise<void>): void {
  begin = start;
}
export const start = (): void => void begin();
export const spoken = (): Language => chosen;
export const t = (key: Key, values?: Readonly<Record<string, string | number>>): string => fill(TEXTS[key][chosen], values);
export const say = (both: { readonly zh: string; readonly en: string }): string => both[chosen] || both.zh;
export const time = (ms: number): string => new Date(ms).toLocaleString(chosen === "zh" ? "zh-CN" : "en-GB", { timeZone: "Asia/Shanghai", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });

/** What went wrong, in words; `many`: what is said when too many came from here. */
export function failureWords(failure: Failure, many: Key = "tooMany"): string {
  if (failure.kind === "wait") return t(many, { wait: waitWords(failure.seconds, chosen) });
  if (failure.kind === "refused") return failure.words;
  return failure.kind === "away" ? t("away") : t("trouble");
}

export function frame(title: string, ...children: (Node | null | false)[]): void {
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  document.title = title;
  const other = chosen === "zh" ? "en" : "zh";
  const change = h("button", { type: "button", class: "language", lang: other === "zh" ? "zh-CN" : "en", click: () => {
    chosen = other;
    keepLanguage(other);
    start();
  } }, t("other"));
  show(root, h("header", {}, h("h1", {}, title), change), ...children);
}

export const danger = (): HTMLElement => h("p", { class: "danger", role: "note" }, t("danger"));

export function trouble(title: Key, text: Key | null, retry: boolean): void {
  frame(t(title), text && h("p", {}, t(text)), retry && h("button", { type: "button", class: "main", click: start }, t("again")), danger());
}
