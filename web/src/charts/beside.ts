/** Two curves in one chart: whether they share the axis of values, and which axes there are. */
import { alignedRange, axisRange, stateRange, type AxisRange, type LimitPlacement, type Shaped } from "./shape";

/** What decides about an axis: how far a curve reaches, in which unit, and whether its values are states. */
export interface Curve extends Pick<Shaped, "low" | "high"> {
  /** UCUM code. */
  readonly unit: string;
  readonly stepped: boolean;
}

export interface Axes<L> {
  readonly main: AxisRange & LimitPlacement<L>;
  /** The axis at the right, for what cannot be read at the left; `null`: both curves are read there. */
  readonly beside: AxisRange | null;
}

/** Metres beside degrees, and states beside quantities, would flatten each other or be read in the wrong unit. */
export function readApart(one: Curve, other: Curve): boolean {
  return one.unit !== other.unit || one.stepped !== other.stepped;
}

function least(one: number | null, two: number | null): number | null {
  return one === null || two === null ? (one ?? two) : Math.min(one, two);
}

function most(one: number | null, two: number | null): number | null {
  return one === null || two === null ? (one ?? two) : Math.max(one, two);
}

/** The axes for a curve with its limits and, if there is one, another beside it. Limits stand on the first alone. */
export function axesFor<L extends { readonly value: number }>(curve: Curve, other: Curve | null, limits: readonly L[]): Axes<L> {
  const apart = other !== null && readApart(curve, other);
  const shared = apart ? null : other;
  const [low, high] = [least(curve.low, shared?.low ?? null), most(curve.high, shared?.high ?? null)];
  const main = curve.stepped ? stateRange(low, high, limits) : axisRange(low, high, limits);
  if (!apart) return { main, beside: null };
  if (other.stepped) return { main, beside: stateRange(other.low, other.high, []) };
  // The few lines of states are no measure for a quantity.
  if (curve.stepped) return { main, beside: axisRange(other.low, other.high, []) };
  return { main, beside: alignedRange(other.low, other.high, Math.round((main.high - main.low) / main.step)) };
}
