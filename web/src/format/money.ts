/** Money for people: the server counts in fen, people write yuan. */
import { LOCALE, type Language } from "./time";

/** Yuan with two decimals. */
export function yuan(fen: number, language: Language): string {
  return new Intl.NumberFormat(LOCALE[language], { style: "currency", currency: "CNY", currencyDisplay: "narrowSymbol" }).format(fen / 100);
}

/** Fen of what was written in yuan; nothing written is nothing; `null` for what is no amount. */
export function fenOf(text: string): number | null {
  const plain = text.trim().replace(/^[¥￥]/, "").replaceAll(/[,，]/g, "");
  if (plain === "") return 0;
  if (!/^\d{1,9}(\.\d{1,2})?$/.test(plain)) return null;
  const [whole = "0", rest = ""] = plain.split(".");
  return Number(whole) * 100 + Number(rest.padEnd(2, "0"));
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
