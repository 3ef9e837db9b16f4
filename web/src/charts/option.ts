/** The option of a trend chart: curve, min–max band, limits, gaps, bad readings, and the held end. */
import type { CustomSeriesOption, LineSeriesOption, ScatterSeriesOption } from "echarts/charts";
import type { GridComponentOption, TooltipComponentOption } from "echarts/components";
import type { ComposeOption } from "echarts/core";
import type { Gap, History as PointHistory, Limit } from "@/api/schema";
import { labelPlaces, type AxisRange, type Shaped } from "./shape";

export type TrendOption = ComposeOption<
  LineSeriesOption | CustomSeriesOption | ScatterSeriesOption | GridComponentOption | TooltipComponentOption
>;

export interface Colours {
  readonly line: string;
  readonly band: string;
  readonly stale: string;
  readonly grid: string;
  readonly text: string;
  readonly surface: string;
  readonly bad: string;
  readonly gap: string;
  readonly severity: Readonly<Record<string, { readonly fill: string; readonly ink: string }>>;
}

/** When an alarm was on; `null`: it still is. */
export interface AlarmSpan {
  readonly start_ms: number;
  readonly stop_ms: number | null;
  readonly severity: string;
}

/** What is drawn beside the curve, moved into its time. */
export interface Beside {
  readonly line: Shaped["line"];
  readonly shift_ms: number;
  readonly stepped: boolean;
  /** The axis at the right, if it is read there. */
  readonly range: AxisRange | null;
}

export interface Words {
  readonly axisTime: (timeMs: number) => string;
  readonly axisValue: (value: number) => string;
  readonly limit: (limit: Limit) => string;
  readonly gap: (gap: Gap) => string;
  /** Content of the tip at a moment; DOM nodes, never markup, so that a name from outside is text. */
  readonly tip: (timeMs: number) => HTMLElement;
}

/** Diagonal lines on a canvas: "nothing known". */
function hatched(colour: string, ground: string): { image: HTMLCanvasElement; repeat: "repeat" } {
  const canvas = document.createElement("canvas");
  canvas.width = 8;
  canvas.height = 8;
  const pen = canvas.getContext("2d");
  if (pen) {
    pen.fillStyle = ground;
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = colour;
    pen.lineWidth = 1.6;
    pen.beginPath();
    for (const from of [-8, 0, 8]) {
      pen.moveTo(from, 8);
      pen.lineTo(from + 8, 0);
    }
    pen.stroke();
  }
  return { image: canvas, repeat: "repeat" };
}

function bandSeries(shaped: Shaped, colours: Colours): CustomSeriesOption {
  return {
    type: "custom",
    id: "band",
    silent: true,
    animation: false,
    tooltip: { show: false },
    data: shaped.bands.map((_, index) => [index]),
    encode: { x: -1, y: -1 },
    clip: true,
    renderItem: (params, api) => {
      const rows = shaped.bands[params.dataIndexInside] ?? [];
      const above = rows.map(([time, , high]) => api.coord([time, high]));
      const below = rows.toReversed().map(([time, low]) => api.coord([time, low]));
      return { type: "polygon", shape: { points: [...above, ...below] }, style: { fill: colours.band }, silent: true };
    },
  };
}

type Position = "insideStartTop" | "insideStartBottom" | "insideEndTop" | "insideEndBottom";

function limitLines(limits: readonly Limit[], range: AxisRange, colours: Colours, words: Words): LineSeriesOption["markLine"] {
  const places = labelPlaces(limits, range);
  return {
    silent: true,
    symbol: "none",
    animation: false,
    data: limits.map((limit, index) => {
      const place = places[index];
      const position: Position = `inside${place?.atStart ? "Start" : "End"}${place?.above ? "Top" : "Bottom"}`;
      const colour = colours.severity[limit.severity] ?? { fill: colours.line, ink: colours.text };
      return {
        yAxis: limit.value,
        lineStyle: { color: colour.fill, type: "dashed" as const, width: 1.5 },
        label: {
          show: place?.without !== true,
          formatter: words.limit(limit),
          position,
          color: colour.ink,
          fontWeight: 600,
          fontSize: 12,
          textBorderColor: colours.surface,
          textBorderWidth: 3,
        },
      };
    }),
  };
}

function gapAreas(gaps: readonly Gap[], colours: Colours): LineSeriesOption["markArea"] {
  const hatch = hatched(colours.gap, colours.surface);
  return {
    silent: true,
    animation: false,
    data: gaps.map((gap) => [{ xAxis: gap.from_ms, itemStyle: { color: hatch } }, { xAxis: gap.to_ms }]),
  };
}

/** Alarms as bars along the top of the chart, from their begin to their end. */
function alarmSeries(spans: readonly AlarmSpan[], endMs: number, range: AxisRange, colours: Colours): CustomSeriesOption {
  return {
    type: "custom",
    id: "alarms",
    silent: true,
    animation: false,
    tooltip: { show: false },
    data: spans.map((_, index) => [index]),
    encode: { x: -1, y: -1 },
    clip: true,
    renderItem: (params, api) => {
      const span = spans[params.dataIndexInside];
      if (!span) return { type: "group", children: [] };
      const [left = 0, top = 0] = api.coord([span.start_ms, range.high]);
      const [right = 0, bottom = 0] = api.coord([span.stop_ms ?? endMs, range.low]);
      const fill = colours.severity[span.severity]?.fill ?? colours.line;
      return {
        type: "group",
        silent: true,
        children: [
          { type: "rect", shape: { x: left, y: top, width: Math.max(2, right - left), height: 6 }, style: { fill } },
          { type: "line", shape: { x1: left, y1: top, x2: left, y2: bottom }, style: { stroke: fill, lineWidth: 1, lineDash: [3, 3] } },
        ],
      };
    },
  };
}

/** The curve beside: dashed, and read at the axis of its own if it has one. */
function besideSeries(beside: Beside, colours: Colours): LineSeriesOption {
  return {
    type: "line",
    id: "beside",
    silent: true,
    yAxisIndex: beside.range ? 1 : 0,
    data: beside.line.map(([time, value]) => [time + beside.shift_ms, value ?? "-"]),
    showSymbol: false,
    connectNulls: false,
    ...(beside.stepped ? { step: "end" as const } : {}),
    lineStyle: { color: colours.stale, width: 1.5, type: "dashed" },
    itemStyle: { color: colours.stale },
    emphasis: { disabled: true },
  };
}

/** An axis of values; only the one at the left draws lines through the chart. */
function valueAxis(range: AxisRange, side: "left" | "right", look: { readonly colours: Colours; readonly words: Words }): object {
  const { colours, words } = look;
  return {
    type: "value",
    position: side,
    min: range.low,
    max: range.high,
    interval: range.step,
    splitLine: side === "left" ? { lineStyle: { color: colours.grid } } : { show: false },
    axisLabel: { color: colours.text, fontSize: 12, hideOverlap: true, formatter: (value: number) => words.axisValue(value) },
  };
}

/** Build the whole option; replacing it draws the chart anew without animation. */
export function trendOption(
  history: PointHistory,
  shaped: Shaped,
  range: AxisRange & { readonly shown: readonly Limit[] },
  look: { readonly colours: Colours; readonly words: Words; readonly stepped: boolean; readonly ticks: readonly number[]; readonly font: string; readonly alarms?: readonly AlarmSpan[]; readonly beside?: Beside | null },
): TrendOption {
  const { colours, words, stepped } = look;
  const text = { color: colours.text, fontSize: 12 };
  const floor = range.low + (range.high - range.low) * 0.03;
  return {
    animation: false,
    textStyle: { fontFamily: look.font },
    grid: { left: 56, right: look.beside?.range ? 56 : 14, top: 12, bottom: 26 },
    tooltip: {
      trigger: "axis",
      confine: true,
      className: "chart-tip",
      backgroundColor: "transparent",
      borderWidth: 0,
      padding: 0,
      axisPointer: { type: "line", lineStyle: { color: colours.stale, type: "solid", width: 1 } },
      formatter: (at) => {
        const first = Array.isArray(at) ? at[0] : at;
        return words.tip(Number((first as { axisValue?: number } | undefined)?.axisValue ?? 0));
      },
    },
    xAxis: {
      type: "time",
      min: history.from_ms,
      max: history.to_ms,
      axisLine: { lineStyle: { color: colours.grid } },
      axisTick: { show: false },
      axisLabel: { ...text, hideOverlap: true, customValues: [...look.ticks], formatter: (value: number) => words.axisTime(value) },
    },
    yAxis: [valueAxis(range, "left", look), ...(look.beside?.range ? [valueAxis(look.beside.range, "right", look)] : [])],
    dataZoom: [{ type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, moveOnMouseWheel: false }],
    series: [
      ...(stepped ? [] : [bandSeries(shaped, colours)]),
      ...(look.beside ? [besideSeries(look.beside, colours)] : []),
      ...(look.alarms && look.alarms.length > 0 ? [alarmSeries(look.alarms, history.to_ms, range, colours)] : []),
      {
        type: "line",
        id: "mean",
        data: shaped.line.map(([time, value]) => [time, value ?? "-"]),
        showSymbol: shaped.line.length === 1,
        symbolSize: 5,
        connectNulls: false,
        ...(stepped ? { step: "end" as const } : {}),
        lineStyle: { color: colours.line, width: 2 },
        itemStyle: { color: colours.line },
        emphasis: { disabled: true },
        markLine: limitLines(range.shown, range, colours, words),
        markArea: gapAreas(history.gaps, colours),
      },
      {
        type: "line",
        id: "held",
        silent: true,
        data: shaped.held && shaped.last ? [[shaped.held.from_ms, shaped.last[1]], [shaped.held.to_ms, shaped.last[1]]] : [],
        showSymbol: false,
        lineStyle: { color: colours.stale, width: 2, type: [2, 4] },
        emphasis: { disabled: true },
      },
      {
        type: "scatter",
        id: "bad",
        silent: true,
        data: shaped.bad.map(([time]) => [time, floor]),
        symbol: "path://M1 0 5 4 9 0 10 1 6 5 10 9 9 10 5 6 1 10 0 9 4 5 0 1Z",
        symbolSize: 8,
        itemStyle: { color: colours.bad },
      },
    ],
  } as TrendOption;
}
