/** The languages of the pages. */
import { languages } from "@/parts/languages";

export const { i18n, language, preferredLanguage, say, useLanguage } = languages({ zh: () => import("./zh"), en: () => import("./en") });
