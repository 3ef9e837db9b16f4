/** Lists that a person's record keeps as one text: certificates, leave, words. */

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

/** Only what differs from what was loaded; an emptied field is an empty text. */
export function changedFields(loaded: Readonly<Record<string, string>>, draft: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(draft).filter(([name, text]) => text.trim() !== (loaded[name] ?? "")));
}
