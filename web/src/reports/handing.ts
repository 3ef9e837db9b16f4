/** What is typed to hand something down: a department's task or an inspection, by whoever writes it. */
import { fromLocal } from "@/format/time";
import type { CommunityRef, EventView } from "@/api/schema";

export type HandedSource = "department" | "inspection";

export interface HandedText {
  ref: string;
  event: string;
  /** 0: none chosen. */
  community: number;
  minutes: string;
  words: string;
  /** Days of an inspection; empty: open. */
  from: string;
  to: string;
}

/** Nothing typed yet; where there is one community it is that. */
export function nothingHanded(communities: readonly CommunityRef[]): HandedText {
  return { ref: "", event: "", community: communities.length === 1 ? (communities[0]?.id ?? 0) : 0, minutes: "", words: "", from: "", to: "" };
}

const day = (text: string): number | null => (text === "" ? null : fromLocal(`${text}T00:00`));

/** The event that is chosen: what is asked for as a task is not always on the list of an inspection. */
export const eventOf = (typed: HandedText, events: readonly EventView[]): string => (events.some((one) => one.key === typed.event) ? typed.event : "");

/** What is sent of it. */
export function handedOf(source: HandedSource, typed: HandedText, events: readonly EventView[]): HandedBody {
  const { ref, community, minutes, words, from, to } = typed;
  const asks = source === "inspection" ? { from_ms: day(from), to_ms: day(to) } : {};
  return { source, ref: ref.trim(), event: eventOf(typed, events), community, minutes: Number(minutes) || 0, words: words.trim(), ...asks };
}

export interface HandedBody {
  source: HandedSource;
  ref: string;
  event: string;
  community: number;
  minutes: number;
  words: string;
  from_ms?: number | null;
  to_ms?: number | null;
}
