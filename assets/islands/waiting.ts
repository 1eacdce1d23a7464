// How long somebody waits stays true while the page is open, in the words and
// hues the server uses.
import { all } from "./dom";

const minute = 60_000;
const steps: [number, string][] = [
  [24 * 60, "bad"],
  [4 * 60, "warn"],
  [60, "wait"],
  [0, "quiet"],
];

/** clocks begins to move them and returns what ends it. */
export function clocks(el: HTMLElement): () => void {
  const words = JSON.parse(document.body.dataset.timeWords ?? "{}") as { minutes?: string; hours?: string };
  const timer = setInterval(() => {
    if (document.hidden || !words.minutes || !words.hours) return;
    for (const clock of all("[data-waiting]", el)) move(clock, words.minutes, words.hours);
  }, minute / 2);
  return () => clearInterval(timer);
}

function move(clock: HTMLElement, minutesWord: string, hoursWord: string): void {
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(clock.dataset.waiting ?? "")) / minute));
  clock.dataset.tone = steps.find(([from]) => minutes >= from)?.[1] ?? "quiet";
  if (minutes >= 24 * 60) return; // the server's words stay true for long
  const hours = Math.floor(minutes / 60);
  const parts = [hours > 0 ? hoursWord.replace("#", `${hours}`) : "", minutes % 60 > 0 || hours === 0 ? minutesWord.replace("#", `${minutes % 60}`) : ""];
  const out = clock.querySelector("[data-stretch]");
  const text = parts.filter((part) => part !== "").join(" ");
  if (out && out.textContent !== text) out.textContent = text;
}
