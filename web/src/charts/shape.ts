/**
 * From a history answer to what a chart draws.
 *
 * A history is a column of buckets (or raw readings, step 0) and a list of gaps. Between two rows the value holds; over a gap
 * nothing is known, so the line breaks there and nothing is interpolated. A bucket whose readings were all not good has no
 * value and is marked. From the last reading to now the value is held, not measured: that end is drawn apart.
 */
export interface HistoryColumns {
  readonly step_ms: number;
  readonly start_ms: readonly number[];
  readonly min: readonly (number | null)[];
  readonly mean: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  readonly bad: readonly number[];
  readonly gaps: readonly Span[];
}

export interface Span {
  readonly from_ms: number;
  readonly to_ms: number;
}

export interface Shaped {
  /** Line vertices; `null` breaks the line. */
  readonly line: readonly (readonly [number, number | null])[];
  /** Polygons of the min–max band, one per unbroken stretch: [time, low, high] rows. */
  readonly bands: readonly (readonly (readonly [number, number, number])[])[];
  /** Centres of buckets with readings that were not good, and how many. */
  readonly bad: readonly (readonly [number, number])[];
  /** From the last reading until now or until its value no longer held. */
  readonly held: Span | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly last: readonly [number, number] | null;
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Spans sorted and joined where they touch. */
export function joined(spans: readonly Span[]): readonly Span[] {
  const sorted = spans.filter((s) => s.to_ms > s.from_ms).toSorted((a, b) => a.from_ms - b.from_ms);
  const out: Span[] = [];
  for (const span of sorted) {
    const last = out.at(-1);
    if (last && span.from_ms <= last.to_ms) {
      out[out.length - 1] = { from_ms: last.from_ms, to_ms: Math.max(last.to_ms, span.to_ms) };
    } else {
      out.push(span);
    }
  }
  return out;
}

/**
 * Shape one point's history for drawing.
 *
 * @param columns rows sorted by time.
 * @param endMs end of what was asked for, at most now.
 */
export function shape(columns: HistoryColumns, endMs: number): Shaped {
  const line: [number, number | null][] = [];
  const bands: [number, number, number][][] = [];
  const bad: [number, number][] = [];
  const gaps = joined(columns.gaps);
  const half = columns.step_ms / 2;
  let band: [number, number, number][] = [];
  let low: number | null = null;
  let high: number | null = null;
  let last: [number, number] | null = null;
  let gap = 0;
  for (const [row, start] of columns.start_ms.entries()) {
    const badCount = columns.bad[row] ?? 0;
    if (badCount > 0) bad.push([start + half, badCount]);
    const mean = columns.mean[row];
    if (!isNumber(mean)) continue;
    const centre = start + half;
    while (gap < gaps.length && (gaps[gap]?.to_ms ?? 0) <= (last?.[0] ?? start)) gap += 1;
    const between = gaps[gap];
    if (last && between && between.from_ms < centre) {
      const until = Math.max(last[0], between.from_ms);
      line.push([until, last[1]], [until, null]);
      if (band.length > 1) bands.push(band);
      band = [];
    }
    const min = columns.min[row];
    const max = columns.max[row];
    const floor = isNumber(min) ? min : mean;
    const ceiling = isNumber(max) ? max : mean;
    line.push([centre, mean]);
    band.push([centre, floor, ceiling]);
    low = low === null ? floor : Math.min(low, floor);
    high = high === null ? ceiling : Math.max(high, ceiling);
    last = [centre, mean];
  }
  if (band.length > 1) bands.push(band);
  return { line, bands, bad, held: heldAfter(last, gaps, endMs), low, high, last };
}

function heldAfter(last: readonly [number, number] | null, gaps: readonly Span[], endMs: number): Span | null {
  if (!last) return null;
  const [from] = last;
  const silent = gaps.find((gap) => gap.to_ms > from);
  const until = silent ? Math.min(Math.max(silent.from_ms, from), endMs) : endMs;
  return until > from ? { from_ms: from, to_ms: until } : null;
}

/** Ends of the value axis on round numbers, and the round step between its lines. */
export interface AxisRange {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

export interface LimitPlacement<L> {
  readonly shown: readonly L[];
  /** Too far from the curve to be drawn without flattening it; told in words instead. */
  readonly beyond: readonly L[];
}

const FLAT_SHARE = 0.1;
/** A limit is drawn if the curve keeps at least this share of the height. */
const CURVE_SHARE = 0.22;

/**
 * The limits a chart draws: those that stand alone, and those of the rule whose alarm the chart is evidence of. A limit
 * that is wrong only together with something else would mark what is normal (a pump draws more than 2 A when it pumps).
 */
export function limitsToDraw<L extends { readonly rule_id: string; readonly only_with: readonly unknown[] }>(
  limits: readonly L[],
  rule: string | null = null,
): readonly L[] {
  return limits.filter((limit) => limit.only_with.length === 0 || limit.rule_id === rule);
}

/** The range of the value axis: the curve with some air, and every limit that does not flatten it; with `every` those too. */
export function axisRange<L extends { readonly value: number }>(
  low: number | null,
  high: number | null,
  limits: readonly L[],
  every = false,
): AxisRange & LimitPlacement<L> {
  if (low === null || high === null) {
    const values = limits.map((limit) => limit.value);
    const from = values.length > 0 ? Math.min(...values) : 0;
    const to = values.length > 0 ? Math.max(...values) : 1;
    return { ...padded(from, to), shown: limits, beyond: [] };
  }
  let from = low;
  let to = high;
  const size = Math.max(high - low, Math.abs(high) * FLAT_SHARE, 1e-6);
  const shown: L[] = [];
  const beyond: L[] = [];
  const near = limits.toSorted((a, b) => distance(a.value, low, high) - distance(b.value, low, high));
  for (const limit of near) {
    const wouldBe = Math.max(to, limit.value) - Math.min(from, limit.value);
    if (every || size / wouldBe >= CURVE_SHARE) {
      from = Math.min(from, limit.value);
      to = Math.max(to, limit.value);
      shown.push(limit);
    } else {
      beyond.push(limit);
    }
  }
  return { ...padded(from, to), shown, beyond };
}

/** The axis of states: whole numbers, no air. */
export function stateRange<L extends { readonly value: number }>(
  low: number | null,
  high: number | null,
  limits: readonly L[],
): AxisRange & LimitPlacement<L> {
  const from = Math.min(0, Math.floor(low ?? 0));
  const to = Math.max(1, Math.ceil(high ?? 1));
  const step = Math.max(1, roundStep((to - from) / STEPS));
  return { low: from, high: from + Math.ceil((to - from) / step) * step, step, shown: limits, beyond: [] };
}

function distance(value: number, low: number, high: number): number {
  if (value < low) return low - value;
  return value > high ? value - high : 0;
}

function padded(low: number, high: number): AxisRange {
  const size = high - low || Math.abs(high) * FLAT_SHARE || 1;
  // A quantity that is never negative keeps its zero.
  const floor = low >= 0 && low - size * 0.08 < 0 ? 0 : low - size * 0.08;
  const ceiling = high + size * 0.08;
  const step = roundStep((ceiling - floor) / STEPS);
  return { low: clean(Math.floor(floor / step) * step), high: clean(Math.ceil(ceiling / step) * step), step };
}

const STEPS = 4;

/** A range of exactly so many round steps, two at least, so that its values stand at the lines of another axis. */
export function alignedRange(low: number | null, high: number | null, steps: number): AxisRange {
  const air = axisRange(low, high, []);
  const [from, to] = [low ?? air.low, high ?? air.high];
  const lines = Math.max(2, steps);
  // A flat curve keeps half of the air it would have alone.
  let step = roundStep(Math.max(to - from, (air.high - air.low) / 2) / lines);
  for (;;) {
    const floor = clean(Math.floor(from / step) * step);
    const ceiling = clean(floor + lines * step);
    if (floor <= from && ceiling >= to) return { low: floor, high: ceiling, step };
    step = roundStep(step * 1.01);
  }
}

/** The next of 1, 2, 2.5, 5 × 10ⁿ. */
function roundStep(raw: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(raw));
  return magnitude * ([1, 2, 2.5, 5, 10].find((multiple) => multiple * magnitude >= raw * (1 - 1e-9)) ?? 10);
}

/** Without the dust of binary fractions. */
function clean(value: number): number {
  return Number(value.toPrecision(12));
}

/** The values of the axis' lines. */
export function ticks({ low, high, step }: AxisRange): readonly number[] {
  return Array.from({ length: Math.round((high - low) / step) + 1 }, (_, index) => clean(low + index * step));
}

/** A leading silence longer than this share of the span is cut off: an hour of records is not read in a sliver of a day. */
const MOSTLY = 0.4;
const LEAST_SHOWN_MS = 120_000;

/** When the first record of the history stands far behind the beginning of its span: that moment; `null` otherwise. */
export function recordsBegin(history: HistoryColumns & Span, nowMs: number): number | null {
  const first = history.start_ms[0];
  if (first === undefined) return null;
  const end = Math.min(history.to_ms, nowMs);
  return first - history.from_ms > (end - history.from_ms) * MOSTLY ? first : null;
}

/** The same history seen from its first record on, with a little air. */
export function fromRecords<H extends HistoryColumns & Span & { readonly gaps: readonly Span[] }>(history: H, first: number, nowMs: number): H {
  const end = Math.min(history.to_ms, nowMs);
  const from = Math.max(history.from_ms, Math.min(first - (end - first) * 0.03, end - LEAST_SHOWN_MS));
  const gaps = history.gaps
    .filter((gap) => gap.to_ms > from && gap.from_ms < end)
    .map((gap) => ({ ...gap, from_ms: Math.max(gap.from_ms, from) }));
  return { ...history, from_ms: Math.round(from), to_ms: Math.round(end), gaps };
}

/** Whether values are states: whole numbers without a unit. */
export function looksLikeState(history: { readonly unit: string; readonly mean: readonly (number | null)[]; readonly step_ms: number }): boolean {
  return history.unit === "1" && history.step_ms === 0 && history.mean.every((value) => value === null || Number.isInteger(value));
}

export interface LabelPlace {
  readonly above: boolean;
  readonly atStart: boolean;
  /** Both ends are taken by others: the line goes without, the caption says all of them. */
  readonly without?: true;
}

/** Height of a label as a share of the chart's. */
const LABEL = 0.1;

function isFree(taken: readonly number[], middle: number): boolean {
  return taken.every((other) => Math.abs(other - middle) >= LABEL);
}

/** Where the labels of limits go so that none leaves the chart and no two cover each other. */
export function labelPlaces(
  limits: readonly { readonly value: number; readonly kind: "high" | "low" }[],
  { low, high }: AxisRange,
): readonly LabelPlace[] {
  const atStarts: number[] = [];
  const atEnds: number[] = [];
  return limits.map(({ value, kind }) => {
    const at = (value - low) / (high - low);
    const above = kind === "high" ? at < 1 - LABEL * 1.3 : at < LABEL * 1.3;
    const middle = above ? at + LABEL / 2 : at - LABEL / 2;
    const atStart = isFree(atStarts, middle);
    const without = !atStart && !isFree(atEnds, middle);
    if (!without) (atStart ? atStarts : atEnds).push(middle);
    return { above, atStart, ...(without ? { without } : {}) };
  });
}
