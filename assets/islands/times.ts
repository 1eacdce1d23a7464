// <time data-relative> keeps telling the truth while a page stays open.
import { all } from "./dom";

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function startTimes(): void {
  setInterval(refresh, 30_000);
  document.addEventListener("visibilitychange", refresh);
}

function refresh(): void {
  if (document.hidden) return;
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto", style: "short" });
  for (const el of all<HTMLTimeElement>("time[data-relative]")) {
    const seconds = (Date.parse(el.dateTime) - Date.now()) / 1000;
    const text = words(format, seconds, el.dataset.now ?? "");
    if (text) el.textContent = text;
  }
}

function words(format: Intl.RelativeTimeFormat, seconds: number, now: string): string {
  const size = Math.abs(seconds);
  if (size < 60) return now;
  if (size > 7 * 86_400) return "";
  const [unit, length] = steps.find(([, length]) => size >= length)!;
  return format.format(Math.trunc(seconds / length), unit);
}
