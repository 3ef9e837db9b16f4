/** Which files of a build are kept on phones, from what Vite says of them; used by the build alone. */
import { createHash } from "node:crypto";
import type { Part } from "./decisions";

/** An entry of Vite's manifest. */
export interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
  readonly css?: readonly string[];
  readonly assets?: readonly string[];
}
export type Manifest = Readonly<Record<string, Chunk>>;

/** What whoever works without signal opens, besides the entry: all else is fetched when it is opened, and stays then. */
export const PHONE_PAGES: readonly string[] = [
  "src/i18n/zh.ts",
  "src/i18n/en.ts",
  "src/layout/AppShell.vue",
  ...["Tasks", "Task", "Report", "Me", "Login", "Password", "Missing", "Record"].map((name) => `src/pages/${name}Page.vue`),
];

/** Files of some sources with all that they import at once.
 *
 * @throws {Error} for a source that was not built: its name has changed.
 */
export function filesOf(manifest: Manifest, sources: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const files = new Set<string>();
  const take = (source: string): void => {
    if (seen.has(source)) return;
    seen.add(source);
    const chunk = manifest[source];
    if (chunk === undefined) throw new Error(`${source} is not among what was built; worker/parts.ts names it`);
    for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(`/${file}`);
    for (const below of chunk.imports ?? []) take(below);
  };
  for (const source of sources) take(source);
  return [...files].toSorted();
}

export interface Edition {
  readonly name: string;
  readonly parts: readonly Part[];
}

/** An edition of these files; `contentOf` reads one. Its name changes with any of them. */
export function editionOf(lasting: readonly string[], others: readonly string[], contentOf: (path: string) => Uint8Array): Edition {
  const parts = [...lasting.map((path) => ({ path, lasting: true })), ...others.map((path) => ({ path, lasting: false }))];
  const total = createHash("sha256");
  for (const { path } of parts) total.update(`${path}\0`).update(contentOf(path)).update("\0");
  return { name: total.digest("hex").slice(0, 12), parts };
}
