/**
 * What a browser loads first, gzipped, against the budget: `npm run budget` after a build.
 * Phone: the frame of the pages, one language, the queue and a task with its curve. Desk: overview and a facility with charts.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const DIST = new URL("../dist/", import.meta.url).pathname;
const ASSETS = join(DIST, "assets");
const names = readdirSync(ASSETS).filter((name) => name.endsWith(".js"));
const size = (name) => gzipSync(readFileSync(join(ASSETS, name)), { level: 6 }).length;

/** Scripts a script imports statically, itself included. */
function withImports(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const text = readFileSync(join(ASSETS, name), "utf8");
  for (const [, below] of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) withImports(below, seen);
  return seen;
}

function of(...starts) {
  const all = new Set();
  for (const start of starts) {
    const name = names.find((one) => one.startsWith(`${start}-`));
    if (name === undefined) throw new Error(`no script ${start} in ${ASSETS}`);
    withImports(name, all);
  }
  return [...all].reduce((sum, name) => sum + size(name), 0);
}

const BUDGETS = [
  ["phone", 200, ["index", "zh", "AppShell", "TasksPage", "TaskPage", "shared.worker"]],
  ["desk", 350, ["index", "zh", "AppShell", "OverviewPage", "FacilityPage", "engine", "option", "shared.worker"]],
];
let over = false;
for (const [name, limitKb, starts] of BUDGETS) {
  const kb = of(...starts) / 1000;
  over ||= kb > limitKb;
  process.stdout.write(`${name}: ${kb.toFixed(1)} kB gz of ${limitKb} kB\n`);
}
process.exitCode = over ? 1 : 0;
