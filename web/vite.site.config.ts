import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import pages from "./vite.config.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const server = process.env["TWINGRID_SITE"] ?? "http://127.0.0.1:8502";

// The technician's page, a second entry with a folder of its own: a gateway carries it without the city's pages.
export default defineConfig({
  ...pages,
  root: here("./site"),
  publicDir: here("./public"),
  // Parts of src that ask for the languages get those of this page.
  resolve: { alias: { "@/i18n": here("./site/i18n/index.ts"), "@": here("./src") } },
  server: { host: "127.0.0.1", proxy: { "/api": { target: server } } },
  build: {
    ...pages.build,
    manifest: false,
    outDir: here("./dist-site"),
    emptyOutDir: true,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "frame", test: /node_modules\// }] } } },
  },
});
