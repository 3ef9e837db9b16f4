/** What a worker reports with "done": typed as text, kept as a draft, sent as numbers. */
import type { FalseCause, Handling } from "@/api/schema";
import { fenOf } from "@/format/money";
import type { Fields } from "./merging";

export interface PartText {
  name: string;
  quantity: string;
  /** Yuan for one. */
  price: string;
}

export interface HandlingText {
  outcome: "repaired" | "false_alarm";
  cause: FalseCause | "";
  causeText: string;
  minutes: string;
  /** Yuan. */
  contractor: string;
  parts: PartText[];
  /** Why no photo could be taken after the repair. */
  noPhoto: string;
}

export const CAUSES: readonly FalseCause[] = ["sensor_fault", "limit_wrong", "planned_work", "test", "weather", "other"];

export const nothingTyped = (): HandlingText => ({ outcome: "repaired", cause: "", causeText: "", minutes: "", contractor: "", parts: [], noPhoto: "" });

/** A draft from storage; what cannot be read is nothing. */
export function handlingDraft(text: string): HandlingText {
  try {
    const kept = JSON.parse(text) as Partial<HandlingText>;
    return { ...nothingTyped(), ...kept, parts: Array.isArray(kept.parts) ? kept.parts : [] };
  } catch {
    return nothingTyped();
  }
}

const whole = (text: string): number | null => (text.trim() === "" ? 0 : /^\d{1,6}$/.test(text.trim()) ? Number(text.trim()) : null);

function quantityOf(text: string): number | null {
  const plain = text.trim() === "" ? "1" : text.trim();
  const value = /^\d{1,6}(\.\d{1,3})?$/.test(plain) ? Number(plain) : 0;
  return value > 0 ? value : null;
}

/** What is sent; `null` while something in it cannot be. Rows without a name, quantity and price are left out. */
export function handlingOf(typed: HandlingText): Handling | null {
  const labour = whole(typed.minutes);
  const contractor = fenOf(typed.contractor);
  if (labour === null || labour > 100_000 || contractor === null) return null;
  const isFalse = typed.outcome === "false_alarm";
  if (isFalse && (typed.cause === "" || (typed.cause === "other" && !typed.causeText.trim()))) return null;
  const parts = [];
  for (const part of typed.parts.filter((one) => `${one.name}${one.quantity}${one.price}`.trim() !== "")) {
    const quantity = quantityOf(part.quantity);
    const price = fenOf(part.price);
    if (!part.name.trim() || quantity === null || price === null) return null;
    parts.push({ name: part.name.trim(), quantity, price_fen: price });
  }
  return {
    outcome: typed.outcome,
    cause: isFalse && typed.cause !== "" ? typed.cause : null,
    cause_text: isFalse ? typed.causeText.trim() : "",
    labour_min: labour,
    parts,
    contractor_fen: contractor,
    no_photo: isFalse ? "" : typed.noPhoto.trim(),
  };
}

const text = (value: number): string => (value === 0 ? "" : String(value));

/** A report as it was typed, to be corrected. */
export function typedOf(said: Handling): HandlingText {
  return {
    outcome: said.outcome ?? "repaired",
    cause: said.cause ?? "",
    causeText: said.cause_text ?? "",
    minutes: text(said.labour_min ?? 0),
    contractor: text((said.contractor_fen ?? 0) / 100),
    parts: (said.parts ?? []).map((part) => ({ name: part.name, quantity: String(part.quantity), price: text(part.price_fen / 100) })),
    noPhoto: said.no_photo ?? "",
  };
}

/** Of a report that came with more beside it: what can be sent. */
export function reportOf(said: Handling): Handling {
  const { outcome = "repaired", cause = null, cause_text = "", labour_min = 0, parts = [], contractor_fen = 0, no_photo = "" } = said;
  return { outcome, cause, cause_text, labour_min, parts: parts.map(({ name, quantity, price_fen }) => ({ name, quantity, price_fen })), contractor_fen, no_photo };
}

const PART = /^part(?:#\d+)?:(?<name>[\s\S]*)$/;

/** The name of the part that a field of a report is; empty for other fields. */
export const partName = (field: string): string => PART.exec(field)?.groups?.["name"] ?? "";

/** A report as the fields by which the server merges it: a part is `part:NAME` with quantity and fen, empty ones are left out. */
export function fieldsOf(said: Handling): Fields {
  const report = reportOf(said);
  const found: Record<string, string> = {
    cause: report.cause ?? "",
    cause_text: (report.cause_text ?? "").trim(),
    labour_min: text(report.labour_min ?? 0),
    contractor_fen: text(report.contractor_fen ?? 0),
    no_photo: (report.no_photo ?? "").trim(),
  };
  for (const part of report.parts ?? []) {
    let name = `part:${part.name.trim()}`;
    for (let again = 2; name in found; again += 1) name = `part#${again}:${part.name.trim()}`;
    found[name] = `${Number(part.quantity.toPrecision(12))} ${part.price_fen}`;
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== ""));
}

/** A report in which some fields have become others; an empty one is gone. */
export function withFields(said: Handling, given: Fields): Handling {
  const fields = { ...fieldsOf(said), ...given };
  const parts = Object.entries(fields).flatMap(([field, value]) => {
    const [quantity = "", price = ""] = value.split(" ");
    return partName(field) && value ? [{ name: partName(field), quantity: Number(quantity), price_fen: Number(price) }] : [];
  });
  const cause = CAUSES.find((one) => one === fields["cause"]) ?? null;
  return {
    outcome: said.outcome ?? "repaired",
    cause,
    cause_text: fields["cause_text"] ?? "",
    labour_min: Number(fields["labour_min"] ?? 0),
    parts,
    contractor_fen: Number(fields["contractor_fen"] ?? 0),
    no_photo: fields["no_photo"] ?? "",
  };
}
