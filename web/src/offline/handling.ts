/** What a worker reports with "done": typed as text, kept as a draft, sent as numbers. */
import type { FalseCause, Handling } from "@/api/schema";
import { fenOf } from "@/format/money";

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
