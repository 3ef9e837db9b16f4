/** The languages of the technician's page; the same interface as `src/i18n`, so that parts of `src` find it here. */
import { languages } from "@/parts/languages";

export const { i18n, language, preferredLanguage, say, useLanguage } = languages({ zh: () => import("./zh"), en: () => import("./en") });
