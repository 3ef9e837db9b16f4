/** What the pages of money decide: totals, open pledges, books, what was typed. */
import type { Balance, BookLine, Entry, FacilityCosts, FundsWarning, YearOfCosts } from "@/api/schema";
import { fenOf, MOST_ENTRY_FEN } from "@/format/money";

export type Source = Balance["source"];
export type Phase = Balance["phase"];
export type Cover = FundsWarning["cover"];
export const SOURCES: readonly Source[] = ["government", "donation", "owners", "enterprise"];
export const PHASES: readonly Phase[] = ["startup", "follow_up"];
/** From the worst. */
export const COVERS: readonly Cover[] = ["none", "short", "tight", "unknown", "enough"];

export interface Money {
  readonly pledged_fen: number;
  readonly received_fen: number;
  readonly spent_fen: number;
  readonly left_fen: number;
}

/** All sources of a phase together; start-up money never counts as follow-up money. */
export function totalOf(balances: readonly Balance[], phase: Phase): Money {
  const mine = balances.filter((one) => one.phase === phase);
  const sum = (of: (one: Balance) => number): number => mine.reduce((total, one) => total + of(one), 0);
  return { pledged_fen: sum((one) => one.pledged_fen), received_fen: sum((one) => one.received_fen), spent_fen: sum((one) => one.spent_fen), left_fen: sum((one) => one.left_fen) };
}

/** Pledges that nothing has redeemed yet; what takes back is no pledge. */
export function openPledges(ledger: readonly Entry[]): readonly Entry[] {
  const redeemed = new Set(ledger.map((one) => one.settles));
  return ledger.filter((one) => one.kind === "pledged" && one.amount_fen > 0 && !redeemed.has(one.id));
}

/** Fen of an amount of a ledger in yuan; `null` for what is none, and for nothing. */
export function amountOf(text: string, takesBack: boolean): number | null {
  const fen = fenOf(text, MOST_ENTRY_FEN);
  if (fen === null || fen === 0) return null;
  return takesBack ? -fen : fen;
}

export interface Book {
  readonly book: string;
  /** The newest first. */
  readonly months: readonly BookLine[];
  readonly cases: number;
  readonly labour_min: number;
  readonly parts_fen: number;
  readonly contractor_fen: number;
  readonly money_fen: number;
}

/** Books with their months, the dearest first; facilities whose owner nobody knows come last. */
export function booksOf(lines: readonly BookLine[]): readonly Book[] {
  const by = new Map<string, BookLine[]>();
  for (const line of lines) by.set(line.book, [...(by.get(line.book) ?? []), line]);
  const books = [...by].map(([book, months]) => {
    const sum = (of: (one: BookLine) => number): number => months.reduce((total, one) => total + of(one), 0);
    return { book, months: months.toSorted((a, b) => b.month.localeCompare(a.month)), cases: sum((one) => one.cases), labour_min: sum((one) => one.labour_min), parts_fen: sum((one) => one.parts_fen), contractor_fen: sum((one) => one.contractor_fen), money_fen: sum((one) => one.money_fen) };
  });
  return books.toSorted((a, b) => Number(a.book === "") - Number(b.book === "") || b.money_fen - a.money_fen || a.book.localeCompare(b.book));
}

/** Where a value lies on a scale that holds an interval and the money beside it, 0 to 1. */
export function onScale(warning: FundsWarning): { readonly low: number; readonly mean: number; readonly high: number; readonly money: number } {
  const { low_fen, mean_fen, high_fen, likely_fen } = warning.forecast;
  const money = warning.left_fen + warning.due_fen;
  const most = Math.max(high_fen, likely_fen, money, 1) * 1.05;
  const at = (fen: number): number => Math.max(0, Math.min(1, fen / most));
  return { low: at(low_fen), mean: at(mean_fen), high: at(high_fen), money: at(money) };
}

/** All years of a facility together. A case of two years counts in both of them, here once: the server says how many there are. */
export function allYears(costs: Pick<FacilityCosts, "years" | "total">): Omit<YearOfCosts, "year"> {
  const sum = (of: (one: YearOfCosts) => number): number => costs.years.reduce((total, one) => total + of(one), 0);
  return { cases: costs.total, labour_min: sum((one) => one.labour_min), labour_fen: sum((one) => one.labour_fen), parts_fen: sum((one) => one.parts_fen), contractor_fen: sum((one) => one.contractor_fen), money_fen: sum((one) => one.money_fen) };
}
