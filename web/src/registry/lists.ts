/** Lists that a person's record keeps as one text: certificates, leave, words. */
import type { FieldView } from "@/api/schema";

export interface Paper {
  name: string;
  number: string;
  valid_to: string;
}
export interface Away {
  first: string;
  last: string;
}

const parts = (text: string): string[] =>
  text
    .replaceAll("；", ";")
    .split(";")
    .map((part) => part.trim())
    .filter(Boolean);

/** `name | number | valid until; …` */
export function papersOf(text: string): Paper[] {
  return parts(text).map((part) => {
    const [name = "", number = "", valid_to = ""] = part.split("|").map((piece) => piece.trim());
    return { name, number, valid_to };
  });
}

export function papersText(papers: readonly Paper[]): string {
  return papers
    .filter((one) => `${one.name}${one.number}${one.valid_to}`.trim() !== "")
    .map((one) => [one.name.trim(), one.number.trim(), one.valid_to].join(" | "))
    .join("; ");
}

/** `first..last; day` */
export function awaysOf(text: string): Away[] {
  return parts(text).map((part) => {
    const [first = "", last = first] = part.split("..").map((piece) => piece.trim());
    return { first, last };
  });
}

export function awaysText(aways: readonly Away[]): string {
  return aways
    .filter((one) => one.first || one.last)
    .map((one) => `${one.first || one.last}..${one.last || one.first}`)
    .join("; ");
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const FLAGS: Readonly<Record<string, string>> = { "": "false", no: "false", 0: "false", yes: "true", 1: "true" };

/** What a text says in a field: texts that say the same are one value, as the server takes them when it merges. */
function meaning(field: Pick<FieldView, "holds" | "several">, text: string): string {
  const plain = text.trim();
  if ((field.holds === "number" || field.holds === "value") && DECIMAL.test(plain) && Number.isFinite(Number(plain))) return String(Number(plain));
  if (field.several) return [...new Set(plain.split(/[\s;]+/).filter(Boolean))].toSorted().join(" ");
  if (field.holds === "flag") return FLAGS[plain.toLowerCase()] ?? plain.toLowerCase();
  return plain;
}
export const saysTheSame = (field: Pick<FieldView, "holds" | "several">, one: string, other: string): boolean => meaning(field, one) === meaning(field, other);

/** Only what says something else than what was loaded; an emptied field is an empty text. Fields that nobody described are texts. */
export function changedFields(loaded: Readonly<Record<string, string>>, draft: Readonly<Record<string, string>>, fields: readonly FieldView[] = []): Record<string, string> {
  const known = new Map(fields.map((one) => [one.name, one]));
  const field = (name: string): Pick<FieldView, "holds" | "several"> => known.get(name) ?? { holds: name.startsWith("attributes.") ? "value" : "text", several: false };
  return Object.fromEntries(Object.entries(draft).filter(([name, text]) => !saysTheSame(field(name), text, loaded[name] ?? "")));
}
