import "./styles/tokens.css";
import "./styles/base.css";
import { createApp } from "vue";
import App from "./App.vue";
import { i18n, preferredLanguage, useLanguage } from "./i18n";
import { startKeeping } from "./offline/keeping";
import { router } from "./router";

await useLanguage(preferredLanguage());
createApp(App).use(i18n).use(router).mount("#app");
void router.isReady().then(startKeeping, startKeeping);
