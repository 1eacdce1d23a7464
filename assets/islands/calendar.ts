// The calendar by hand. The server draws it; this lets cards be dragged and
// moved by keys. Times are readings of the brand's clock and never go through
// the browser's.
import { find } from "./dom";
import { listed, startDrag } from "./calendar-drag";
import { startCalendarKeys } from "./calendar-keys";

const fiveMinutes = 300_000;

export function mount(el: HTMLElement): () => void {
  const stops = [startDrag(el), startCalendarKeys(el), startDate(), startClock(el)];
  reveal(el);
  return () => {
    for (const stop of stops) stop();
  };
}

/** startDate goes to a day as soon as it is chosen. */
function startDate(): () => void {
  const form = find<HTMLFormElement>("[data-cal-date]");
  if (!form) return () => undefined;
  form.dataset.ready = "";
  const go = (): void => {
    if (form.checkValidity()) form.requestSubmit();
  };
  const input = find<HTMLInputElement>("input[type=date]", form);
  input?.addEventListener("change", go);
  return () => input?.removeEventListener("change", go);
}

/** startClock lets the line of the present move on. */
function startClock(el: HTMLElement): () => void {
  const timer = setInterval(() => {
    const board = find("#calendar", el);
    if (board && !document.hidden && find("#hour-now", board)) window.htmx.trigger(board, "live");
  }, fiveMinutes);
  return () => clearInterval(timer);
}

/** reveal scrolls to the present, or to the first card, if that is not in
 * sight; where days are listed, to today. */
function reveal(el: HTMLElement): void {
  const frame = el.closest<HTMLElement>(".page-body");
  const hour = (find("#hour-now", el) ?? find(".hour .card", el))?.closest<HTMLElement>(".hour");
  if (!frame || !hour || frame.scrollTop > 0) return;
  const day = find(".day[data-today]", el);
  if (day && listed(hour)) {
    day.scrollIntoView({ block: "start" });
    return;
  }
  const below = hour.getBoundingClientRect().bottom - frame.getBoundingClientRect().bottom;
  if (below > 0) frame.scrollTop += below + frame.clientHeight / 3;
}
