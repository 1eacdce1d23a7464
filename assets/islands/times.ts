// <time data-relative> keeps telling the truth while a page stays open, in the
// words the server uses: the body carries them with # for the number.
import { all } from "./dom";

interface Words {
  now: string;
  past: string;
  future: string;
  minutes: string;
  hours: string;
}

const minute = 60_000;

export function startTimes(): void {
  const given = document.body.dataset.timeWords;
  if (!given) return;
  const words = JSON.parse(given) as Words;
  setInterval(() => refresh(words), minute / 2);
  document.addEventListener("visibilitychange", () => refresh(words));
}

function refresh(words: Words): void {
  if (document.hidden) return;
  for (const el of all<HTMLTimeElement>("time[data-relative]")) {
    const text = relative(words, Date.parse(el.dateTime) - Date.now());
    if (text) el.textContent = text;
  }
}

/** relative is "" from half a day away: then the server's words stay true. */
function relative(words: Words, away: number): string {
  const minutes = Math.round(Math.abs(away) / minute);
  if (minutes === 0) return words.now;
  if (minutes >= 12 * 60) return "";
  const span = minutes < 60 ? words.minutes.replace("#", `${minutes}`) : words.hours.replace("#", `${Math.round(minutes / 60)}`);
  return (away < 0 ? words.past : words.future).replace("#", span);
}
