/** Money for people: the server counts in fen, people write yuan. */
import type { Language } from "./time";

const LOCALE: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };

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
