// The calendar by keys: arrows walk from hour to hour, alt with an arrow moves
// the card that has the focus, n writes a post for the hour.
import { all, find, typing } from "./dom";
import { cellOf, move, plus } from "./calendar-move";

const day = 24 * 60;
const steps: Record<string, number> = { ArrowUp: -15, ArrowDown: 15, ArrowLeft: -day, ArrowRight: day };

export function startCalendarKeys(el: HTMLElement): () => void {
  const stop = new AbortController();
  const on = { signal: stop.signal };
  el.addEventListener("keydown", (event) => inside(el, event), on);
  document.addEventListener("keydown", (event) => outside(el, event), on);
  keepFocus(el, on);
  return () => stop.abort();
}

function inside(el: HTMLElement, event: KeyboardEvent): void {
  const from = event.target;
  if (!(from instanceof HTMLElement) || event.ctrlKey || event.metaKey || find("dialog[open]")) return;
  const step = steps[event.key];
  const cell = from.closest<HTMLElement>(".hour, .cell");
  if (event.altKey) {
    if (!step || !from.dataset.move) return;
    event.preventDefault();
    const month = from.closest(".cell") !== null;
    const by = month && Math.abs(step) < day ? Math.sign(step) * 7 * day : step;
    void move(el, from, plus(from.dataset.at ?? "", by));
    return;
  }
  if (!cell) return;
  if (event.key === "n") {
    const slot = find<HTMLAnchorElement>(".slot", cell);
    if (!slot) return;
    event.preventDefault();
    slot.click();
  }
  if (step && walk(el, cell, from, event.key)) event.preventDefault();
}

/** outside enters the calendar from elsewhere on the page. */
function outside(el: HTMLElement, event: KeyboardEvent): void {
  if (event.key !== "ArrowDown" || event.defaultPrevented || event.altKey || typing(event) || find("dialog[open]")) return;
  if (document.activeElement && document.activeElement !== document.body && !document.activeElement.matches("main")) return;
  const cell = find("#hour-now", el)?.parentElement ?? find(":is(.day, .cell)[data-today]", el) ?? find(".hour .card, .cell .card", el)?.parentElement ?? find(".hour, .cell", el);
  if (cell && enter(cell, 1)) event.preventDefault();
}

/** walk goes to the next card in the cell, or to the next cell. */
function walk(el: HTMLElement, cell: HTMLElement, from: HTMLElement, key: string): boolean {
  const forth = key === "ArrowDown" || key === "ArrowRight" ? 1 : -1;
  const along = key === "ArrowDown" || key === "ArrowUp";
  if (along) {
    const cards = all(".card, .cell-more", cell);
    const next = cards[cards.indexOf(from) + forth];
    if (cards.includes(from) && next) {
      next.focus();
      return true;
    }
  }
  const next = neighbour(el, cell, along, forth);
  return next !== null && enter(next, along ? forth : 1);
}

function neighbour(el: HTMLElement, cell: HTMLElement, along: boolean, forth: number): HTMLElement | null {
  const { hour, date } = cell.dataset;
  if (hour) {
    const at = plus(`${hour}:00`, along ? 60 * forth : day * forth);
    if (along && at.slice(0, 10) !== hour.slice(0, 10)) return null;
    return cellOf(find("#calendar", el) ?? el, at);
  }
  const at = plus(`${date}T00:00`, (along ? 7 : 1) * day * forth).slice(0, 10);
  return find(`.cell[data-date="${at}"]`, el);
}

function enter(cell: HTMLElement, forth: number): boolean {
  const cards = all(".card", cell);
  const target = (forth > 0 ? cards[0] : cards.at(-1)) ?? find("a.slot, a", cell);
  target?.focus();
  target?.scrollIntoView({ block: "nearest" });
  return document.activeElement === target;
}

/** keepFocus gives the focus back to a moved card once it is drawn anew. */
function keepFocus(el: HTMLElement, on: AddEventListenerOptions): void {
  let last: DOMStringMap | null = null;
  el.addEventListener("htmx:before:swap", () => {
    const now = document.activeElement;
    last = now instanceof HTMLElement && now.dataset.move ? { move: now.dataset.move, at: now.dataset.at } : null;
  }, on);
  el.addEventListener("htmx:after:swap", () => {
    if (!last || (document.activeElement && document.activeElement !== document.body)) return;
    const { move: address = "", at = "" } = last;
    find(`.card[data-move="${CSS.escape(address)}"][data-at="${CSS.escape(at)}"]`, el)?.focus();
  }, on);
}
