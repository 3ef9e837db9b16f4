import "@/styles/tokens.css";
import "@/styles/base.css";
import "./site.css";
import { createApp } from "vue";
import { i18n, preferredLanguage, useLanguage } from "@/i18n";
import SiteApp from "./SiteApp.vue";

await useLanguage(preferredLanguage());
createApp(SiteApp).use(i18n).mount("#app");
