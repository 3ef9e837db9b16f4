/**
 * What the worker decides, without network, storage or clock.
 *
 * Theory of operation. Each build of the pages is an edition: a list of files with a name made of their contents. An edition is put
 * into a cache of its own, whole or not at all, while the one before goes on working. It takes over when the last page of the old one
 * has gone, or when a page says that nothing is unsent (`mayTakeOver`). Until a page of it has come up it is on trial: the edition before
 * stays beside it, and is shown again when the new one was asked for twice and never came up. Then the older caches go.
 *
 * Answers of the API are never touched: what a person may read is kept by the pages themselves, by person, and forgotten at logout.
 */

/** A file of an edition. */
export interface Part {
  /** From the root, as it is asked for. */
  readonly path: string;
  /** Whether its name changes with its content, so that one of an older edition is the same. */
  readonly lasting: boolean;
}

export const CACHES = "twingrid-pages-";
export const cacheOf = (edition: string): string => CACHES + edition;
export const SHELL = "/index.html";

/** What the worker does with a request: `frame`: the one page; `part`: a file that may be kept; `pass`: nothing. */
export type Way = "frame" | "part" | "pass";

export interface Asked {
  readonly method: string;
  /** `navigate` when an address is opened. */
  readonly mode: string;
  readonly ours: boolean;
  readonly path: string;
}

/** Of the server alone: its API, what Prometheus is asked, its probes, the page of residents, and the worker itself. */
const NOT_OURS = /^\/(?:api|-|metrics|prometheus|e)(?:\/|$)|^\/worker\.js$/i;

/** As the server answers: an address that looks like a file is one. */
export function wayOf(asked: Asked, kept: ReadonlySet<string>): Way {
  if (!asked.ours || asked.method !== "GET" || NOT_OURS.test(asked.path)) return "pass";
  if (asked.mode === "navigate") return /\.[^/.]+$/.test(asked.path) ? "pass" : "frame";
  return asked.path.startsWith("/assets/") || kept.has(asked.path) ? "part" : "pass";
}

export interface Fetched {
  readonly status: number;
  readonly type: string;
  /** A sign-in page of something in between comes so. */
  readonly redirected: boolean;
}

const TYPES: Readonly<Record<string, RegExp>> = {
  js: /javascript/,
  css: /^text\/css/,
  html: /^text\/html/,
  png: /^image\/png/,
  svg: /^image\/svg/,
  webmanifest: /^application\/(?:manifest\+)?json/,
};

/** Whether an answer is the file that was asked for, and not a page of something in between. */
export function isSound(path: string, got: Fetched): boolean {
  const wanted = TYPES[path.slice(path.lastIndexOf(".") + 1)];
  return got.status === 200 && !got.redirected && (wanted === undefined || wanted.test(got.type));
}

/** What is known of the editions on this phone. */
export interface Standing {
  readonly current: string;
  /** The last edition of which a page came up; empty: none yet. */
  readonly proven: string;
  /** How often the current edition was opened since a page of it came up, if ever. */
  readonly tries: number;
  /** Names of all caches. */
  readonly caches: readonly string[];
}

const TRIES = 2;

/** Which edition's frame is shown: the current one, or the one before when this never came up. */
export function shownEdition(of: Standing): string {
  const hasBefore = of.proven !== "" && of.proven !== of.current && of.caches.includes(cacheOf(of.proven));
  return hasBefore && of.tries >= TRIES ? of.proven : of.current;
}

/** Which caches are of no use any more: all but the current and, while that is on trial, the proven one. */
export function outOfUse(of: Omit<Standing, "tries">): readonly string[] {
  const useful = new Set([cacheOf(of.current), cacheOf(of.proven === "" ? of.current : of.proven)]);
  return of.caches.filter((name) => name.startsWith(CACHES) && !useful.has(name));
}

/** Whether a new edition may take over at once: only from the one page there is, or it would pull the scripts from under another. */
export const mayTakeOver = (openPages: number): boolean => openPages <= 1;
