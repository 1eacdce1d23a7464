// A line chart over days. The data stand in a script block inside the island,
// the same that the table view shows.
import uPlot from "uplot";
import { color, find } from "./dom";
import { changed } from "./theme";

interface Series {
  label: string;
  token?: string; // "--accent-text"
  values: (number | null)[];
}

interface Data {
  times: number[]; // seconds
  unit: string;
  series: Series[];
}

export function mount(el: HTMLElement): () => void {
  const block = find("script[type='application/json']", el);
  if (!block?.textContent) return () => {};
  const data = JSON.parse(block.textContent) as Data;
  const stage = document.createElement("div");
  stage.className = "chart";
  stage.setAttribute("aria-hidden", "true");
  el.append(stage);

  let plot = draw(stage, data);
  const resize = new ResizeObserver(() => plot.setSize({ width: stage.clientWidth, height: 180 }));
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
  const day = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short" });
  const number = new Intl.NumberFormat(lang, { notation: "compact" });
  const axis = {
    stroke: color("--muted", stage),
    font: `12px ${getComputedStyle(stage).fontFamily}`,
    grid: { stroke: color("--line", stage), width: 1 },
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: stage.clientWidth,
    height: 180,
    legend: { show: false },
    cursor: { y: false },
    axes: [
      { ...axis, grid: { show: false }, values: (_, times) => times.map((t) => day.format(t * 1000)) },
      { ...axis, values: (_, values) => values.map((v) => number.format(v)) },
    ],
    series: [{}, ...data.series.map((s) => line(s, stage))],
  };
  return new uPlot(options, [data.times, ...data.series.map((s) => s.values)] as uPlot.AlignedData, stage);
}

function line(series: Series, stage: HTMLElement): uPlot.Series {
  return {
    label: series.label,
    stroke: color(series.token ?? "--accent-text", stage),
    width: 1.5,
    spanGaps: false,
    points: { show: false },
  };
}
