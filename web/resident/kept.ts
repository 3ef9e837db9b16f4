/** What this phone remembers: the language, what is being written, and what was sent with its key. Without storage: nothing. */
import type { Language } from "./texts";

export interface Mine {
  readonly id: number;
  readonly key: string;
  readonly code: string;
}
export interface Draft {
  event: string;
  words: string;
  /** The same key until it has arrived, so that it arrives once. */
  key: string;
}

/** What somebody is about to say of a case that was closed. */
export interface Opinion {
  solved: boolean | null;
  /** 1 to 5; 0: not chosen. */
  score: number;
  comment: string;
}

const MOST = 20;

function read(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(`twingrid.resident.${name}`) ?? "null");
  } catch {
    return null;
  }
}

function write(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(`twingrid.resident.${name}`);
    else localStorage.setItem(`twingrid.resident.${name}`, JSON.stringify(value));
  } catch {
    // Private mode: it lasts as long as the page.
  }
}

export function language(): Language {
  const kept = read("language");
  if (kept === "zh" || kept === "en") return kept;
  return navigator.language.toLowerCase().startsWith("en") ? "en" : "zh";
}
export const keepLanguage = (chosen: Language): void => write("language", chosen);

export function mine(): readonly Mine[] {
  const kept = read("mine");
  return Array.isArray(kept) ? kept.filter((one): one is Mine => typeof one?.id === "number" && typeof one.key === "string" && typeof one.code === "string") : [];
}
export const keepMine = (one: Mine): void => write("mine", [one, ...mine().filter((known) => known.id !== one.id)].slice(0, MOST));

export function draft(code: string): Draft | null {
  const kept = read(`draft.${code}`) as Partial<Draft> | null;
  return typeof kept?.event === "string" && typeof kept.words === "string" && typeof kept.key === "string" ? { event: kept.event, words: kept.words, key: kept.key } : null;
}
export const keepDraft = (code: string, typed: Draft | null): void => write(`draft.${code}`, typed);

export function opinion(id: string): Opinion {
  const kept = read(`opinion.${id}`) as Partial<Opinion> | null;
  const score = Number(kept?.score);
  return {
    solved: typeof kept?.solved === "boolean" ? kept.solved : null,
    score: Number.isInteger(score) && score >= 1 && score <= 5 ? score : 0,
    comment: typeof kept?.comment === "string" ? kept.comment : "",
  };
}
export const keepOpinion = (id: string, typed: Opinion | null): void => write(`opinion.${id}`, typed);

/** Whether somebody works with the pages of the city in this browser. */
export function isStaff(): boolean {
  try {
    return localStorage.getItem("twingrid.in") !== null;
  } catch {
    return false;
  }
}
