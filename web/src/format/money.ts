/** Money for people: the server counts in fen, people write yuan. */
import { LOCALE, type Language } from "./time";

/** Yuan with two decimals. */
export function yuan(fen: number, language: Language): string {
  return new Intl.NumberFormat(LOCALE[language], { style: "currency", currency: "CNY", currencyDisplay: "narrowSymbol" }).format(fen / 100);
}

/** The most that the server takes for a part or a contractor, and for a line of a ledger, fen: as in its schema. */
export const MOST_COST_FEN = 10_000_000_000;
export const MOST_ENTRY_FEN = 10_000_000_000_000;

/** Fen of what was written in yuan; nothing written is nothing; `null` for what is no amount, or too large a one. */
export function fenOf(text: string, mostFen = MOST_COST_FEN): number | null {
  const plain = text.trim().replace(/^[¥￥]/, "").replaceAll(/[,，]/g, "");
  if (plain === "") return 0;
  if (!/^\d{1,12}(\.\d{1,2})?$/.test(plain)) return null;
  const [whole = "0", rest = ""] = plain.split(".");
  const fen = Number(whole) * 100 + Number(rest.padEnd(2, "0"));
  return fen > mostFen ? null : fen;
}

/** What a case cost in money, fen: parts and contractor. */
export const moneyOf = (cost: { parts_fen: number; contractor_fen: number }): number => cost.parts_fen + cost.contractor_fen;

/** Fen of so many parts, rounded as the server rounds: half a fen to the even one. */
export function partFen(part: { quantity: number; price_fen: number }): number {
  const exact = part.quantity * part.price_fen;
  const floor = Math.floor(exact);
  if (exact - floor !== 0.5) return Math.round(exact);
  return floor % 2 === 0 ? floor : floor + 1;
}
