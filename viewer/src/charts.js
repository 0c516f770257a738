/** Charts of a cell and of a region, with a line at the day that is shown. */

import { dayOfYear, seconds } from "./series.js";

/** @typedef {import("./series.js").Curve} Curve */

/** A colour of the style sheet. @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const percent = (/** @type {number | null} */ value) =>
  value == null ? "–" : `${Math.round(100 * value)} %`;
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** One chart in an element, drawn anew for other data. */
export class Chart {
  /** @param {HTMLElement} element @param {(time: number) => void} chosen a moment on the axis */
  constructor(element, chosen) {
    this.element = element;
    this.chosen = chosen;
    this.at = 0;
    /** @type {any} */ this.plot = null;
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.again?.());
  }

  size() {
    return { width: Math.max(this.element.clientWidth, 200), height: 190 };
  }

  /** @param {any[]} data @param {any[]} series @param {{bands?: any[], scales?: any, axes?: any[]}} more */
  async draw(data, series, { bands = [], scales = {}, axes = [] } = {}) {
    const { default: UPlot } = await import("uplot");
    this.again = () => this.draw(data, series, { bands, scales, axes });
    const common = { stroke: colour("text"), grid: { stroke: colour("rule"), width: 1 }, size: 52 };
    this.plot?.destroy();
    this.plot = new UPlot(
      {
        ...this.size(),
        series: [{ label: "day", value: (/** @type {any} */ _, /** @type {number} */ time) => shortDay(time) }, ...series],
        bands,
        scales: { x: { time: true }, ...scales },
        axes: [
          { ...common, size: 28, values: months, splits, space: 30 },
          ...axes.map((axis) => ({ ...common, ...axis })),
        ],
        tzDate: (/** @type {number} */ time) => UPlot.tzDate(new Date(time * 1000), "Etc/UTC"),
        cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        legend: { live: true },
        hooks: {
          draw: [(/** @type {any} */ plot) => this.rule(plot)],
          setCursor: [(/** @type {any} */ plot) => plot.cursor.idx == null && this.plot && this.tell()],
        },
      },
      data,
      this.element,
    );
    this.plot.over.addEventListener("click", () => {
      const index = this.plot.cursor.idx;
      if (index != null) this.chosen(this.plot.data[0][index]);
    });
  }

  /** The line at the day that is shown. @param {any} plot */
  rule(plot) {
    const x = plot.valToPos(this.at, "x", true);
    const { left, top, width, height } = plot.bbox;
    if (!(x >= left && x <= left + width)) return;
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = colour("mark");
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.restore();
  }

  /** @param {number} time */
  follow(time) {
    this.at = time;
    if (!this.plot) return;
    this.plot.redraw(false);
    this.tell();
  }

  /** The numbers of the day that is shown, where the pointer chooses none. */
  tell() {
    const index = this.plot.data[0].indexOf(this.at);
    if (this.plot.cursor.idx == null) this.plot.setLegend({ idx: index < 0 ? null : index });
  }

  clear() {
    this.plot?.destroy();
    this.plot = null;
    this.again = null;
  }
}

/** @param {number | null} time */
const shortDay = (time) => (time == null ? "" : DAY.format(time * 1000));

/** Where months begin. @param {any} plot */
function splits(plot) {
  const { min, max } = plot.scales.x;
  const found = [];
  const date = new Date(min * 1000);
  const first = date.getUTCDate() === 1 ? 0 : 1;
  for (let month = date.getUTCMonth() + first; ; month++) {
    const time = Date.UTC(date.getUTCFullYear(), month, 1) / 1000;
    if (time > max) return found;
    found.push(time);
  }
}

/** @param {any} _ @param {number[]} times */
const months = (_, times) => times.map((time) => MONTH.format(time * 1000));

const shares = { range: [0, 1] };
const shareAxis = { values: (/** @type {any} */ _, /** @type {number[]} */ parts) => parts.map(percent) };

/** The curve of a cell: melt with its interval, observations, and MAR's water.
 * @param {Chart} chart @param {Curve} curve
 */
export function drawCurve(chart, curve) {
  const times = curve.days.map(seconds);
  const line = colour("line");
  const bound = { stroke: "transparent", points: { show: false }, value: named(percent) };
  const columns = [times, curve.melt];
  const series = [
    { label: "melt", stroke: line, width: 2, value: named(percent), points: { show: false } },
  ];
  const bands = [];
  if (curve.low && curve.high) {
    columns.push(curve.low, curve.high);
    series.push({ ...bound, label: "low" }, { ...bound, label: "high" });
    bands.push({ series: [3, 2], fill: colour("band") });
  }
  const seen = curve.sar ?? curve.melt.map((value, index) => (curve.seen[index] ? value : null));
  columns.push(seen);
  series.push({
    ...{ label: "observed", stroke: colour("seen"), width: 0, value: named(percent) },
    ...{ paths: () => null, points: { show: true, size: 6, fill: colour("seen"), width: 0 } },
  });
  const axes = [shareAxis];
  const scales = { y: shares };
  if (curve.water?.some((value) => value !== null)) {
    columns.push(curve.water.map((value) => (value === null ? null : value * 1000)));
    series.push({
      ...{ label: "MAR, g/kg", stroke: colour("water"), width: 1.5, scale: "water", dash: [5, 4] },
      ...{ value: named((value) => (value == null ? "–" : value.toFixed(1))), points: { show: false } },
    });
    scales.water = { range: (_, least, most) => [0, Math.max(most, 1)] };
    axes.push({ scale: "water", side: 1, grid: { show: false } });
  }
  return chart.draw(columns, series, { bands, scales, axes });
}

/** Melt of a cell in every season, over the days of the year.
 * @param {Chart} chart @param {{year: number, days: string[], melt: (number | null)[]}[]} seasons
 * @param {number} chosen year
 */
export function drawSeasons(chart, seasons, chosen) {
  const numbers = [...new Set(seasons.flatMap(({ days }) => days.map(dayOfYear)))].sort((a, b) => a - b);
  const times = numbers.map((day) => Date.UTC(chosen, 0, day) / 1000);
  const columns = seasons.map(({ days, melt }) => {
    const of = new Map(days.map((day, index) => [dayOfYear(day), melt[index]]));
    return numbers.map((day) => of.get(day) ?? null);
  });
  const series = seasons.map(({ year }, index) => ({
    label: String(year),
    stroke: year === chosen ? colour("line") : `hsl(${(index * 360) / seasons.length} 35% 55% / 0.75)`,
    width: year === chosen ? 2.5 : 1,
    value: named(percent),
    points: { show: false },
  }));
  return chart.draw([times, ...columns], series, { scales: { y: shares }, axes: [shareAxis] });
}

/** Melt extent of a region through a season.
 * @param {Chart} chart @param {Record<string, any>[]} rows of the region
 */
export function drawExtent(chart, rows) {
  const column = (/** @type {string} */ name) => rows.map((row) => row[name] ?? null);
  const area = (/** @type {number | null} */ value) =>
    value == null ? "–" : `${value.toLocaleString("en", { maximumSignificantDigits: 3 })} km²`;
  const bound = { stroke: "transparent", points: { show: false }, value: named(area) };
  const with_interval = rows.some((row) => row.melt_extent_low_km2 != null);
  const columns = [rows.map((row) => seconds(row.date)), column("melt_extent_km2")];
  const series = [
    { label: "extent", stroke: colour("line"), width: 2, value: named(area), points: { show: false } },
  ];
  if (with_interval) {
    columns.push(column("melt_extent_low_km2"), column("melt_extent_high_km2"));
    series.push({ ...bound, label: "low" }, { ...bound, label: "high" });
  }
  const most = Math.max(...rows.map((row) => row.area_km2));
  return chart.draw(columns, series, {
    bands: with_interval ? [{ series: [3, 2], fill: colour("band") }] : [],
    scales: { y: { range: (_, __, high) => [0, Math.min(high * 1.05, most) || 1] } },
    axes: [{ size: 56 }],
  });
}

/** A value as uPlot asks for it. @param {(value: number | null) => string} format */
const named = (format) => (/** @type {any} */ _, /** @type {number | null} */ value) => format(value);

