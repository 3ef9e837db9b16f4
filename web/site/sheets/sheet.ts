/** What decides about the sheets of many units: no clock, no storage, no network. */
import type { UnitView } from "../schema";

/** Quantities of a product that are shown before anybody chose some. */
export const FEW = 8;

export type Show = "todo" | "wrong" | "all";

const proofOf = (unit: UnitView, name: string): string | undefined => unit.points[name]?.proof?.verdict;

/** Points of a unit whose proof holds. */
export function provenOf(unit: UnitView): number {
  return Object.keys(unit.points).filter((name) => proofOf(unit, name) === "proven").length;
}

/** Whether a proof of the unit did not hold. */
export function isWrong(unit: UnitView): boolean {
  return Object.keys(unit.points).some((name) => ["differs", "not-read"].includes(proofOf(unit, name) ?? ""));
}

/** Whether everything that the unit is to be read for is proven. */
export function isProven(unit: UnitView): boolean {
  const count = Object.keys(unit.points).length;
  return count > 0 && provenOf(unit) === count;
}

export interface Progress {
  readonly units: number;
  readonly unitsDone: number;
  readonly points: number;
  readonly proven: number;
}

/** How far the whole bus is. */
export function progressOf(units: readonly UnitView[]): Progress {
  return {
    units: units.length,
    unitsDone: units.filter(isProven).length,
    points: units.reduce((sum, unit) => sum + Object.keys(unit.points).length, 0),
    proven: units.reduce((sum, unit) => sum + provenOf(unit), 0),
  };
}

/** The quantities to type for a unit: its own, and those that other units of its product are read for. */
export function linesOf(unit: UnitView, units: readonly UnitView[], all: readonly string[], typed: readonly string[], more: boolean): readonly string[] {
  if (more) return [...new Set([...all, ...Object.keys(unit.points), ...Object.keys(unit.solved)])];
  const alike = unit.profile ? units.filter((one) => one.profile === unit.profile).flatMap((one) => Object.keys(one.points)) : [];
  const chosen = [...Object.keys(unit.points), ...Object.keys(unit.solved), ...alike];
  // What was offered stays while it is typed into.
  const wanted = new Set([...(chosen.length > 0 ? chosen : all.slice(0, FEW)), ...typed]);
  return [...all.filter((name) => wanted.has(name)), ...[...wanted].filter((name) => !all.includes(name))];
}

/** Units as the filter wants them. */
export function shownUnits(units: readonly UnitView[], show: Show, filter: string): readonly UnitView[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return units.filter((unit) => {
    const text = `${unit.unit} ${unit.name} ${unit.product?.zh ?? ""} ${unit.product?.en ?? ""}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return false;
    return show === "all" || (show === "todo" ? !isProven(unit) : isWrong(unit));
  });
}

/** A code from a pattern: `wtl-eq-##` is `wtl-eq-07` for unit 7. */
export function coded(pattern: string, unit: number): string {
  return pattern.replace(/#+/g, (marks) => String(unit).padStart(marks.length, "0"));
}

/** Units without a product that look like this one: the same profile fits them best. */
export function lookAlike(unit: UnitView, units: readonly UnitView[]): readonly number[] {
  const best = unit.fits[0]?.profile;
  return best ? units.filter((one) => one.unit !== unit.unit && one.profile === "" && one.fits[0]?.profile === best).map((one) => one.unit) : [];
}

/** Whether a number of this unit may be negative, so that a phone must offer a minus. */
export function isSigned(ucum: string): boolean {
  return /^(Cel|deg|1|%|[kM]?(W|var|A|VA))$/.test(ucum);
}
