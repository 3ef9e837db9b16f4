/** What decides about words and numbers on the page: no clock, no storage, no network. */
import type { FrameView, HypothesisState, QuantityView, SolutionState } from "./schema";

/** A number as a person reads it: seven digits, no trailing zeros. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const short = Number(value.toPrecision(7));
  return Math.abs(short) >= 1e12 || (short !== 0 && Math.abs(short) < 1e-6) ? short.toExponential(4) : String(short);
}

/** An error or an allowance: three digits say all there is to say. */
export function rounded(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : number(Number(value.toPrecision(3)));
}

/** `01 03 00 00`, so that bytes can be counted. */
export function hex(data: string): string {
  return data.replace(/(..)(?=.)/g, "$1 ").toUpperCase();
}

/** `1:05` of seconds. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A text of the catalogue with its values. */
export type Words = readonly [key: string, values: Readonly<Record<string, string | number>>];

/** What the whole unit has in common: word order and address base. */
export function unitWords(solution: SolutionState | null): readonly Words[] {
  if (!solution) return [];
  const found: Words[] = [];
  if (solution.order) found.push([`change.${solution.order}`, {}]);
  if (solution.base < 0) found.push(["change.baseDown", {}]);
  if (solution.base > 0) found.push(["change.baseUp", {}]);
  return found;
}

/** How one quantity differs from its profile. */
export function changeWords(found: HypothesisState): readonly Words[] {
  return (found.changes ?? []).map((change): Words => {
    const address = `${found.function}:${found.address}`;
    switch (change) {
      case "order":
        return [`change.${found.order}`, {}];
      case "base":
        return ["change.base", { address }];
      case "address":
        return ["change.address", { address }];
      case "type":
        return ["change.type", { type: found.type }];
      case "function":
        return ["change.function", { function: found.function }];
      default:
        return ["change.scale", { factor: number(found.factor) }];
    }
  });
}

/** `3:8204 f32 CDAB ×0.1`. */
export function placeOf(one: Pick<HypothesisState, "function" | "address" | "type" | "order" | "factor">): string {
  const order = /16|bool/.test(one.type) ? "" : ` ${one.order}`;
  const factor = one.factor === 1 ? "" : ` ×${number(one.factor)}`;
  return `${one.function}:${one.address} ${one.type}${order}${factor}`;
}

/** Frames in their order, each once, the newest of them; `news` may repeat some. */
export function byNumber(held: readonly FrameView[], news: readonly FrameView[], most: number): readonly FrameView[] {
  const last = held.at(-1)?.number ?? 0;
  const first = news[0]?.number ?? 0;
  // A gateway that was started anew counts from the beginning.
  if (news.length > 0 && first <= last && (news.at(-1)?.number ?? 0) < last) return news.slice(-most);
  return [...held, ...news.filter((frame) => frame.number > last)].slice(-most);
}

/** Quantities as they are shown: those that matter here first, then the filter. */
export function sorted(all: readonly QuantityView[], first: ReadonlySet<string>, filter: string): readonly QuantityView[] {
  const wanted = filter.trim().toLowerCase();
  const shown = all.filter((one) => `${one.name} ${one.label.zh} ${one.label.en}`.toLowerCase().includes(wanted));
  return [...shown.filter((one) => first.has(one.name)), ...shown.filter((one) => !first.has(one.name))];
}

/** What `measurement` makes of a quantity's name in the gateway. */
export function measurement(name: string): string {
  return name.replaceAll(".", "_");
}
