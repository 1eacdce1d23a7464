// Dragging a card: by mouse at once, by finger after a moment's rest. The time
// it would get is shown while it moves, in steps of 15 minutes, of 5 with alt.
import { all, closest, find, make } from "./dom";
import { move } from "./calendar-move";

const threshold = 4;
const rest = 350;
const edge = 48;

/** Lift is a card in the hand. */
interface Lift {
  card: HTMLElement;
  ghost: HTMLElement;
  label: HTMLElement;
  line: HTMLElement;
  dx: number;
  dy: number;
  at: string | null; // where it would land
}

/** Press is a pointer that may become a drag. */
interface Press {
  card: HTMLElement;
  id: number;
  x: number;
  y: number;
  timer: number;
}

export function startDrag(el: HTMLElement): () => void {
  const drag = new Drag(el);
  const stop = new AbortController();
  const on = { signal: stop.signal };
  el.addEventListener("pointerdown", (event) => drag.press(event), on);
  addEventListener("pointermove", (event) => drag.moveTo(event), on);
  addEventListener("pointerup", () => drag.drop(), on);
  addEventListener("pointercancel", () => drag.end(), on);
  addEventListener("keydown", (event) => drag.key(event), { ...on, capture: true });
  el.addEventListener("click", (event) => drag.swallow(event), { ...on, capture: true });
  el.addEventListener("contextmenu", (event) => drag.touching && event.preventDefault(), on);
  el.addEventListener("touchmove", (event) => drag.lifted && event.preventDefault(), { ...on, passive: false });
  el.addEventListener("htmx:before:request", (event) => drag.holdBack(event), on);
  return () => {
    drag.end();
    stop.abort();
  };
}

class Drag {
  private pressed: Press | null = null;
  private lift: Lift | null = null;
  private pointer = { x: 0, y: 0, fine: false };
  private dropped = false;
  private late = false; // a refresh waits for the hand to be empty
  private scrolling = 0;

  constructor(private readonly el: HTMLElement) {}

  get lifted(): boolean {
    return this.lift !== null;
  }

  get touching(): boolean {
    return this.pressed !== null;
  }

  press(event: PointerEvent): void {
    this.dropped = false;
    const card = closest<HTMLElement>(event, ".card[data-move]");
    if (!card || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || listed(card)) return;
    this.end();
    const { clientX: x, clientY: y } = event;
    this.pressed = { card, id: event.pointerId, x, y, timer: 0 };
    this.pointer = { x, y, fine: event.altKey };
    if (event.pointerType === "touch") this.pressed.timer = window.setTimeout(() => this.start(), rest);
  }

  moveTo(event: PointerEvent): void {
    const { pressed } = this;
    if (!pressed || event.pointerId !== pressed.id) return;
    this.pointer = { x: event.clientX, y: event.clientY, fine: event.altKey };
    if (this.lift) return this.show();
    const far = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > threshold;
    if (!far) return;
    if (event.pointerType === "touch") return this.end(); // it scrolls
    this.start();
  }

  drop(): void {
    const { lift } = this;
    this.end();
    if (!lift) return;
    this.dropped = true;
    if (lift.at) void move(this.el, lift.card, lift.at);
  }

  key(event: KeyboardEvent): void {
    if (!this.lift || event.key !== "Escape") return;
    event.preventDefault();
    this.dropped = true;
    this.end();
  }

  /** swallow keeps the click that ends a drag from opening the post. */
  swallow(event: Event): void {
    if (!this.dropped) return;
    this.dropped = false;
    event.preventDefault();
    event.stopPropagation();
  }

  holdBack(event: Event): void {
    if (!this.lift) return;
    event.preventDefault();
    this.late = true;
  }

  end(): void {
    clearTimeout(this.pressed?.timer);
    cancelAnimationFrame(this.scrolling);
    this.pressed = null;
    const { lift } = this;
    this.lift = null;
    if (!lift) return;
    lift.ghost.remove();
    lift.label.remove();
    lift.line.remove();
    delete lift.card.dataset.lifted;
    const board = find("#calendar", this.el);
    if (!board) return;
    delete board.dataset.busy;
    for (const cell of all("[data-drop]", board)) delete cell.dataset.drop;
    if (this.late) window.htmx.trigger(board, "live");
    this.late = false;
  }

  private start(): void {
    const { pressed } = this;
    if (!pressed) return;
    const { card } = pressed;
    const box = card.getBoundingClientRect();
    const ghost = card.cloneNode(true) as HTMLElement;
    ghost.removeAttribute("id");
    ghost.classList.add("card-ghost");
    ghost.style.width = `${box.width}px`;
    const label = make("div", "drop-time");
    const line = make("div", "drop-line");
    // In the board, so that the ghost looks like its card.
    card.parentElement?.append(ghost);
    document.body.append(line, label);
    card.dataset.lifted = "";
    find("#calendar", this.el)?.setAttribute("data-busy", "");
    this.lift = { card, ghost, label, line, dx: pressed.x - box.left, dy: pressed.y - box.top, at: null };
    this.show();
    this.scroll();
  }

  private show(): void {
    const { lift, pointer } = this;
    if (!lift) return;
    const x = pointer.x - lift.dx;
    const y = pointer.y - lift.dy;
    lift.ghost.style.transform = `translate(${x}px, ${y}px)`;
    const month = find(".month", this.el);
    const spot = month ? inMonth(month, pointer.x, pointer.y, lift.card) : inHours(this.el, pointer.x, y, pointer.fine);
    lift.at = spot?.at ?? null;
    lift.ghost.toggleAttribute("data-nowhere", !spot);
    lift.label.hidden = !spot;
    lift.line.hidden = !spot?.line;
    if (!spot) return;
    lift.label.textContent = spot.text;
    lift.label.style.transform = `translate(${x}px, ${y - 28}px)`;
    if (spot.line) {
      lift.line.style.width = `${spot.line.width}px`;
      lift.line.style.transform = `translate(${spot.line.left}px, ${spot.line.top}px)`;
    }
  }

  /** scroll moves the page while the card is held at its edge. */
  private scroll(): void {
    const frame = this.el.closest<HTMLElement>(".page-body");
    if (!frame) return;
    const box = frame.getBoundingClientRect();
    const { y } = this.pointer;
    const by = y < box.top + edge ? -8 : y > box.bottom - edge ? 8 : 0;
    if (by) {
      frame.scrollTop += by;
      this.show();
    }
    this.scrolling = requestAnimationFrame(() => this.scroll());
  }
}

/** listed says whether days are lists, as on a phone: then places mean no time. */
export function listed(el: HTMLElement): boolean {
  const hours = el.closest(".hours");
  return hours !== null && getComputedStyle(hours).display !== "grid";
}

interface Spot {
  at: string;
  text: string;
  line?: { left: number; top: number; width: number };
}

function inMonth(month: HTMLElement, x: number, y: number, card: HTMLElement): Spot | null {
  let found: Spot | null = null;
  for (const cell of all(".cell", month)) {
    const { left, right, top, bottom } = cell.getBoundingClientRect();
    const here = x >= left && x < right && y >= top && y < bottom;
    cell.toggleAttribute("data-drop", here);
    const clock = (card.dataset.at ?? "").slice(11);
    if (here) found = { at: `${cell.dataset.date}T${clock}`, text: `${cell.getAttribute("aria-label")}, ${clock}` };
  }
  return found;
}

/** inHours reads the time off the hour under the card's upper edge. */
function inHours(el: HTMLElement, x: number, y: number, fine: boolean): Spot | null {
  const day = all(".day", el).find((d) => {
    const { left, right } = d.getBoundingClientRect();
    return x >= left && x < right;
  });
  const hours = day ? all(".hour", day) : [];
  const hour = hours.find((h) => y < h.getBoundingClientRect().bottom) ?? hours.at(-1);
  if (!day || !hour || hour.hasAttribute("data-gone")) return null;
  const box = hour.getBoundingClientRect();
  const step = fine ? 5 : 15;
  const part = Math.max(0, Math.min(0.999, (y - box.top) / box.height));
  const minutes = Math.min(60 - step, Math.round((part * 60) / step) * step);
  const clock = `${hour.dataset.hour?.slice(11)}:${String(minutes).padStart(2, "0")}`;
  const name = `${find(".day-name", day)?.textContent ?? ""} ${find(".day-head b", day)?.textContent ?? ""}`;
  return {
    at: `${day.dataset.date}T${clock}`,
    text: `${name}, ${clock}`,
    line: { left: box.left, top: box.top + (minutes / 60) * box.height, width: box.width },
  };
}
