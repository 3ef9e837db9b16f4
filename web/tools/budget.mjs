/**
 * What a browser loads first, gzipped, against the budget: `npm run budget` after a build.
 * Phone: the frame of the pages, one language, the queue and a task with its curve. Desk: overview and a facility with charts.
 * Site: the technician's page, all of it. Kept: what a phone holds to open the pages without signal.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const ROOT = new URL("../", import.meta.url).pathname;
const size = (path) => gzipSync(readFileSync(path), { level: 6 }).length;

/** Scripts a script imports statically, itself included. */
function withImports(assets, name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(join(assets, name), "utf8");
  for (const [, below] of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) withImports(assets, below, seen);
  return seen;
}

function of(folder, ...starts) {
  const assets = join(ROOT, folder, "assets");
  const names = readdirSync(assets).filter((name) => name.endsWith(".js"));
  const all = new Set();
  for (const start of starts) {
    const name = names.find((one) => one.startsWith(`${start}-`));
    if (name === undefined) throw new Error(`no script ${start} in ${assets}`);
    withImports(assets, name, all);
  }
  return [...all].reduce((sum, name) => sum + size(join(assets, name)), 0);
}

const BUDGETS = [
  ["phone", 200, "dist", ["index", "zh", "AppShell", "TasksPage", "TaskPage", "shared.worker"]],
  ["desk", 350, "dist", ["index", "zh", "AppShell", "OverviewPage", "FacilityPage", "engine", "option", "shared.worker"]],
  ["resident", 20, "dist", ["resident"]],
  ["site", 120, "dist-site", ["index", "zh"]],
];
/** All that the worker keeps on a phone, fetched once in the background: both languages, icons included. */
function kept(folder) {
  const worker = readFileSync(join(ROOT, folder, "worker.js"), "utf8");
  const paths = [...worker.matchAll(/path:`([^`]+)`/g)].map(([, path]) => path);
  return [paths.length, paths.reduce((sum, path) => sum + size(join(ROOT, folder, path)), size(join(ROOT, folder, "worker.js")))];
}

let over = false;
for (const [name, limitKb, folder, starts] of BUDGETS) {
  const kb = of(folder, ...starts) / 1000;
  over ||= kb > limitKb;
  process.stdout.write(`${name}: ${kb.toFixed(1)} kB gz of ${limitKb} kB\n`);
}
const KEPT_KB = 300;
const [files, bytes] = kept("dist");
over ||= bytes / 1000 > KEPT_KB;
process.stdout.write(`kept: ${(bytes / 1000).toFixed(1)} kB gz of ${KEPT_KB} kB in ${files} files\n`);
process.exitCode = over ? 1 : 0;
