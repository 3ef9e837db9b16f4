/** The languages of the pages. */
import { languages } from "@/parts/languages";

export const { i18n, language, needMore, preferredLanguage, say, useLanguage } = languages(
  { zh: () => import("./zh"), en: () => import("./en") },
  { zh: () => import("./zh.desk"), en: () => import("./en.desk") },
);
