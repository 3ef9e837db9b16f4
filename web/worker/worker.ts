/** The worker beside the pages: keeps their files on the phone, so that they open without signal. What it decides is in `decisions.ts`. */
import { cacheOf, isSound, mayTakeOver, outOfUse, SHELL, shownEdition, wayOf, type Part, type Standing } from "./decisions";

declare const self: ServiceWorkerGlobalScope;
/** Filled in by the build: see `parts.ts`. */
declare const TWINGRID_BUILD: { readonly edition: string; readonly parts: readonly Part[]; readonly entry: string };

const { edition: EDITION, parts: PARTS, entry: ENTRY } = TWINGRID_BUILD;
const KEPT: ReadonlySet<string> = new Set(PARTS.map((part) => part.path));
/** A cache for two words that must outlive the worker: which edition came up last, and how often the current one was tried. */
const NOTES = "twingrid-notes";
const AT_ONCE = 4;

async function note(name: "proven" | "tries"): Promise<string> {
  return (await (await caches.open(NOTES)).match(`/${name}`))?.text() ?? "";
}

async function writeNote(name: "proven" | "tries", text: string): Promise<void> {
  await (await caches.open(NOTES)).put(`/${name}`, new Response(text));
}

async function standing(): Promise<Standing> {
  const [proven, tries, names] = await Promise.all([note("proven"), note("tries"), caches.keys()]);
  const [edition = "", count = ""] = tries.split(" ");
  return { current: EDITION, proven, tries: edition === EDITION ? Number(count) : 0, caches: names };
}

async function asked(part: Part): Promise<Response> {
  const answer = await fetch(part.path, { cache: part.lasting ? "default" : "reload", credentials: "same-origin" });
  const got = { status: answer.status, type: answer.headers.get("content-type") ?? "", redirected: answer.redirected };
  if (!isSound(part.path, got)) throw new Error(`${part.path}: answered ${got.status} ${got.type}`);
  if (part.path !== SHELL) return answer;
  // While the server is being renewed it may give the frame of one edition and the worker of another.
  if (!(await answer.clone().text()).includes(ENTRY)) throw new Error(`${SHELL} is of another edition`);
  return answer;
}

/** A file of an edition before, or the server's; with half a signal one try is not enough. */
async function fetched(part: Part): Promise<Response> {
  const held = part.lasting ? await caches.match(part.path) : undefined;
  return held ?? asked(part).catch(() => asked(part));
}

/** The whole edition or nothing of it: a failure leaves the one before in its place. */
async function keepAll(): Promise<void> {
  const name = cacheOf(EDITION);
  const cache = await caches.open(name);
  try {
    // A few at a time: what the pages ask for meanwhile goes between.
    for (let at = 0; at < PARTS.length; at += AT_ONCE) {
      await Promise.all(PARTS.slice(at, at + AT_ONCE).map(async (part) => cache.put(part.path, await fetched(part))));
    }
  } catch (failure) {
    await caches.delete(name);
    throw failure;
  }
}

async function tidy(): Promise<void> {
  const of = await standing();
  await Promise.all(outOfUse(of).map((name) => caches.delete(name)));
}

/** What stands where there should be a page and nothing is kept, as after the browser has cleared its storage. */
function away(): Response {
  const text = `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Twingrid</title>
<h1>没有信号，这部手机上没有保存页面 · No signal, and no pages are kept on this phone</h1>
<p><a href="/">有信号后再打开 · Open again once there is a signal</a></p>`;
  return new Response(text, { status: 503, headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" } });
}

async function frame(request: Request): Promise<Response> {
  const of = await standing();
  const shown = shownEdition(of);
  if (shown === EDITION && of.proven !== EDITION) await writeNote("tries", `${EDITION} ${of.tries + 1}`);
  const kept = await (await caches.open(cacheOf(shown))).match(SHELL);
  if (kept) return kept;
  try {
    return await fetch(request);
  } catch {
    return away();
  }
}

/** A file of any edition on this phone, else the server's; one whose name stands for its content stays from then on. */
async function file(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(cacheOf(EDITION));
  const held = (await cache.match(path)) ?? (path.startsWith("/assets/") ? await caches.match(path) : undefined);
  if (held) return held;
  const answer = await fetch(request);
  const got = { status: answer.status, type: answer.headers.get("content-type") ?? "", redirected: answer.redirected };
  if (path.startsWith("/assets/") && isSound(path, got)) await cache.put(path, answer.clone()).catch(() => undefined);
  return answer;
}

self.addEventListener("install", (event) => event.waitUntil(keepAll()));

self.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => self.clients.claim())));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const way = wayOf({ method: request.method, mode: request.mode, ours: url.origin === self.location.origin, path: url.pathname }, KEPT);
  if (way === "frame") event.respondWith(frame(request));
  if (way === "part") event.respondWith(file(request, url.pathname));
});

/** A page of this edition has come up: the one before is not needed any more. */
async function cameUp(entry: unknown): Promise<void> {
  // A page that was opening while the worker became active was not there to be claimed.
  await self.clients.claim();
  if (entry !== ENTRY || (await note("proven")) === EDITION) return;
  await writeNote("proven", EDITION);
  await tidy();
}

async function takeOver(answer: MessagePort | undefined): Promise<void> {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const may = mayTakeOver(pages.length);
  answer?.postMessage(may);
  if (may) await self.skipWaiting();
}

self.addEventListener("message", (event) => {
  const { what, entry } = (event.data ?? {}) as { what?: unknown; entry?: unknown };
  if (what === "up") event.waitUntil(cameUp(entry));
  if (what === "take-over") event.waitUntil(takeOver(event.ports[0]));
});
