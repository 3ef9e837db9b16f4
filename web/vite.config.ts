import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// In development the pages come from Vite and everything below /api from a running server: the mock or the real one.
const server = process.env["TWINGRID_API"] ?? "http://127.0.0.1:23510";

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __INTLIFY_DROP_MESSAGE_COMPILER__: false,
  },
  worker: { format: "es" },
  build: {
    target: "es2022",
    // The content security policy of the server allows no inline script, style or data: URL.
    assetsInlineLimit: 0,
    // Read, and taken away, by the build of the worker: which files belong to which page.
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The chart engine is 560 kB before compression and loaded with the first chart only; tools/budget.mjs guards the rest.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      // Two pages: that of whoever has a login, and the small one that a QR opens for residents.
      input: { index: fileURLToPath(new URL("./index.html", import.meta.url)), resident: fileURLToPath(new URL("./resident.html", import.meta.url)) },
      output: {
        // Dozens of icons and parts of a few hundred bytes each would cost a request each on a phone.
        codeSplitting: {
          groups: [
            { name: "frame", test: /node_modules\/(?:@vue|vue|vue-router|vue-i18n|@intlify)\// },
            { name: "kit", minShareCount: 2, test: /node_modules\/@lucide\/|\/src\/(?:parts|format|api|live|offline|session)\// },
          ],
        },
      },
    },
  },
  server: { host: "127.0.0.1", proxy: { "/api": { target: server } } },
});
