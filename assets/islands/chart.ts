// A line chart over time. The data stand in a script block inside the island,
// the same that the table view shows. A null is a gap; what is provisional is
// hatched; every line carries its name at its end, so there is no legend.
import uPlot from "uplot";
import { color, find } from "./dom";
import { changed } from "./theme";

interface Series {
  label: string;
  token?: string; // "--accent-text"
  bars?: boolean; // each value stands for itself
  values: (number | null)[];
}

interface Data {
  times: number[]; // seconds
  zone?: string; // IANA name of the clock that days go by
  clock?: boolean; // hours matter, not only days
  provisional?: number; // seconds: from then on numbers still grow
  series: Series[];
}

const height = 200;

export function mount(el: HTMLElement): () => void {
  const block = find("script[type='application/json']", el);
  if (!block?.textContent) return () => {};
  const data = JSON.parse(block.textContent) as Data;
  const stage = document.createElement("div");
  stage.className = "chart";
  stage.setAttribute("aria-hidden", "true");
  el.append(stage);

  let plot = draw(stage, data);
  const resize = new ResizeObserver(() => plot.setSize({ width: stage.clientWidth, height }));
  resize.observe(stage);
  const redraw = (): void => {
    plot.destroy();
    plot = draw(stage, data);
  };
  document.addEventListener(changed, redraw);
  return () => {
    document.removeEventListener(changed, redraw);
    resize.disconnect();
    plot.destroy();
    stage.remove();
  };
}

function draw(stage: HTMLElement, data: Data): uPlot {
  const lang = document.documentElement.lang || "en";
  // The page writes "3 Nov" in English too.
  const day = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, { day: "numeric", month: "short", timeZone: data.zone });
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: data.zone });
  const plain = new Intl.NumberFormat(lang);
  const compact = new Intl.NumberFormat(lang, { notation: "compact" });
  const number = (v: number): string => (Math.abs(v) < 100_000 ? plain : compact).format(v);
  const font = `12px ${getComputedStyle(stage).fontFamily}`;
  const axis = {
    stroke: color("--muted", stage),
    font,
    grid: { stroke: color("--line", stage), width: 1 },
    ticks: { show: false },
  };
  const label = (times: number[], i: number, step: number): string => {
    const at = (times[i] ?? 0) * 1000;
    const last = (times[i - 1] ?? 0) * 1000;
    if (!data.clock || step >= 86400) return day.format(at);
    return day.format(at) === day.format(last) ? clock.format(at) : `${clock.format(at)}\n${day.format(at)}`;
  };
  const bars = data.series.some((s) => s.bars);
  const options: uPlot.Options = {
    width: stage.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    tzDate: (t) => uPlot.tzDate(new Date(t * 1000), data.zone ?? "UTC"),
    scales: { x: { range: (_, low, high) => (bars ? [low - 43200, high + 43200] : [low, high]) }, y: { range: (_, low, high) => (bars ? [0, Math.max(1, high * 1.1)] : uPlot.rangeNum(low, high, 0.1, true)) } },
    padding: [12, endRoom(stage, data, font), 0, 0],
    axes: [
      { ...axis, grid: { show: false }, space: 64, size: data.clock ? 40 : 26, values: (_, times, __, ___, step) => times.map((_, i) => label(times, i, step)) },
      { ...axis, size: 52, values: (_, values) => values.map((v) => (Number.isInteger(v) ? number(v) : "")) },
    ],
    series: [{}, ...data.series.map((s) => line(s, stage, data))],
    hooks: {
      drawClear: [(u) => hatch(u, data, color("--line", stage))],
      draw: [(u) => names(u, data, stage, font)],
    },
  };
  return new uPlot(options, [data.times, ...data.series.map((s) => s.values)] as uPlot.AlignedData, stage);
}

function line(series: Series, stage: HTMLElement, data: Data): uPlot.Series {
  const stroke = color(series.token ?? "--accent-text", stage);
  return {
    label: series.label,
    stroke,
    width: 1.5,
    spanGaps: false,
    points: { show: !series.bars && data.times.length < 40, size: 4, fill: stroke },
    ...(series.bars ? { fill: stroke, width: 0, paths: uPlot.paths.bars?.({ size: [0.6, 24], radius: 0.15 }) } : {}),
  };
}

/** endRoom is the space that the lines' names need at the right; one line
 * alone is named by the chart's title. */
function endRoom(stage: HTMLElement, data: Data, font: string): number {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen || stage.clientWidth < 480 || data.series.length < 2) return 16;
  pen.font = font;
  return 16 + Math.max(...data.series.map((s) => pen.measureText(s.label).width));
}

/** names writes each line's name behind its last point, without overlap. */
function names(u: uPlot, data: Data, stage: HTMLElement, font: string): void {
  if (stage.clientWidth < 480 || data.series.length < 2) return;
  const scale = devicePixelRatio;
  const ends = data.series
    .map((s) => {
      const i = s.values.findLastIndex((v) => v !== null);
      const value = s.values[i];
      return { s, x: i < 0 ? 0 : u.valToPos(data.times[i] ?? 0, "x", true), y: value == null ? NaN : u.valToPos(value, "y", true) };
    })
    .filter((e) => !Number.isNaN(e.y))
    .sort((a, b) => a.y - b.y);
  let free = -Infinity;
  const pen = u.ctx;
  pen.save();
  pen.font = font.replace("12px", `${12 * scale}px`);
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  for (const e of ends) {
    const y = Math.max(e.y, free);
    free = y + 15 * scale;
    pen.fillStyle = color(e.s.token ?? "--accent-text", stage);
    pen.fillText(e.s.label, e.x + 8 * scale, y);
  }
  pen.restore();
}

/** hatch marks the time in which numbers still grow. */
function hatch(u: uPlot, data: Data, stroke: string): void {
  if (!data.provisional) return;
  const { left, top, width, height: tall } = u.bbox;
  const from = Math.max(left, u.valToPos(data.provisional, "x", true));
  const pen = u.ctx;
  pen.save();
  pen.beginPath();
  pen.rect(from, top, left + width - from, tall);
  pen.clip();
  pen.strokeStyle = stroke;
  pen.lineWidth = devicePixelRatio;
  pen.beginPath();
  for (let x = from - tall; x < left + width; x += 8 * devicePixelRatio) {
    pen.moveTo(x, top + tall);
    pen.lineTo(x + tall, top);
  }
  pen.stroke();
  pen.restore();
}
