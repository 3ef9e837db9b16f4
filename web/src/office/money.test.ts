import { describe, expect, it } from "vitest";
import type { Balance, BookLine, Entry, FundsWarning } from "@/api/schema";
import { allYears, amountOf, booksOf, onScale, openPledges, totalOf } from "./money";

const entry = (id: number, kind: Entry["kind"], amount_fen: number, settles: number | null = null): Entry => ({ id, kind, source: "government", phase: "follow_up", amount_fen, day: "2026-01-01", note: "", settles });
const balance = (phase: Balance["phase"], received_fen: number, spent_fen: number): Balance => ({ source: "owners", phase, pledged_fen: 1, received_fen, spent_fen, left_fen: received_fen - spent_fen });
const line = (book: string, month: string, money_fen: number): BookLine => ({ book, name: { zh: book, en: book }, month, cases: 1, labour_min: 60, parts_fen: 10, contractor_fen: 20, money_fen });
const warning = (left_fen: number): FundsWarning => ({ left_fen, due_fen: 0, forecast: { low_fen: 100, mean_fen: 200, high_fen: 400, likely_fen: 300 } }) as FundsWarning;

const year = (labour_fen: number) => ({ year: 2026, cases: 2, labour_min: 60, labour_fen, parts_fen: 1, contractor_fen: 2, money_fen: labour_fen + 3 });

describe("money", () => {
  it("of one phase never counts as that of the other", () => {
    const all = [balance("startup", 500, 100), balance("follow_up", 30, 10), balance("follow_up", 5, 0)];
    expect(totalOf(all, "follow_up")).toEqual({ pledged_fen: 2, received_fen: 35, spent_fen: 10, left_fen: 25 });
    expect(totalOf([], "startup").left_fen).toBe(0);
  });

  it("redeems a pledge once; what takes back is none", () => {
    const ledger = [entry(1, "pledged", 100), entry(2, "pledged", 50), entry(3, "pledged", -50), entry(4, "received", 90, 1)];
    expect(openPledges(ledger).map((one) => one.id)).toEqual([2]);
  });

  it("is typed in yuan and kept in fen, negative where it takes back", () => {
    expect([amountOf("1,200.5", false), amountOf("3", true), amountOf("2000000000", false)]).toEqual([120_050, -300, 200_000_000_000]);
    expect([amountOf("", false), amountOf("0", false), amountOf("12.345", false), amountOf("many", true)]).toEqual([null, null, null, null]);
  });

  it("stands in a book for each owner, merged villages apart, the unknown last", () => {
    const books = booksOf([line("", "2026-01", 9_000), line("east", "2026-01", 5), line("west", "2026-01", 70), line("east", "2026-03", 6)]);
    expect(books.map((one) => one.book)).toEqual(["west", "east", ""]);
    expect(books[1]?.months.map((one) => one.month)).toEqual(["2026-03", "2026-01"]);
    expect([books[1]?.money_fen, books[1]?.cases, books[1]?.labour_min]).toEqual([11, 2, 120]);
  });

  it("lies beside the interval of what maintenance costs", () => {
    const scale = onScale(warning(200));
    expect(scale.low < scale.mean && scale.mean < scale.high && scale.high <= 1).toBe(true);
    expect(scale.money).toBeCloseTo(scale.mean);
    expect(onScale(warning(-50)).money).toBe(0);
    expect(onScale(warning(10_000)).money).toBeLessThanOrEqual(1);
  });

  it("of a facility adds up over the years, a case of two years once", () => {
    expect(allYears({ years: [year(100), year(50)], total: 3 })).toEqual({ cases: 3, labour_min: 120, labour_fen: 150, parts_fen: 2, contractor_fen: 4, money_fen: 156 });
  });
});
