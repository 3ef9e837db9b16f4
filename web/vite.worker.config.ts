/** The worker that keeps the pages on phones: built after them, since it holds the list of their files. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { editionOf, filesOf, PHONE_PAGES, type Manifest } from "./worker/parts.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const DIST = here("./dist");
/** What the first build said of its files; nobody needs it served. */
const SAID = here("./node_modules/.twingrid/manifest.json");
if (existsSync(`${DIST}/.vite/manifest.json`)) {
  mkdirSync(here("./node_modules/.twingrid"), { recursive: true });
  renameSync(`${DIST}/.vite/manifest.json`, SAID);
  rmSync(`${DIST}/.vite`, { recursive: true });
}
const manifest = JSON.parse(readFileSync(SAID, "utf8")) as Manifest;
const ENTRY = "index.html";
/** Manifests and icons: of the pages alone, the technician's page has none. */
const PHONE = here("./phone");
const named = readdirSync(PHONE).filter((name) => /\.(?:png|webmanifest)$/.test(name)).map((name) => `/${name}`);
const contentOf = (path: string): Uint8Array => readFileSync((named.includes(path) ? PHONE : DIST) + path);
const edition = editionOf(filesOf(manifest, [ENTRY, ...PHONE_PAGES]), ["/index.html", "/favicon.svg", ...named.toSorted()], contentOf);

export default defineConfig({
  publicDir: PHONE,
  define: {
    TWINGRID_BUILD: JSON.stringify({ edition: edition.name, parts: edition.parts, entry: `/${manifest[ENTRY]?.file ?? ""}` }),
  },
  build: {
    target: "es2022",
    emptyOutDir: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: here("./worker/worker.ts"),
      output: { format: "iife", entryFileNames: "worker.js" },
    },
  },
});
