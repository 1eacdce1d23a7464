// Names of the team behind an @ in a note: offered while one types, chosen
// with the arrow keys and enter.
import { all, closest, find, make } from "./dom";

const most = 6;
const begun = /(?:^|[\s(])@([\p{L}\p{N}.'-]*(?: [\p{L}\p{N}.'-]*)?)$/u;

/** names begins to offer them and returns what ends it. */
export function names(el: HTMLElement): () => void {
  const gone = new AbortController();
  const on = { signal: gone.signal };
  el.addEventListener("input", (event) => offer(event.target), on);
  el.addEventListener("keydown", (event) => choose(event), { capture: true, signal: gone.signal });
  el.addEventListener("mousedown", (event) => {
    const item = closest(event, ".names li");
    if (!item) return;
    event.preventDefault();
    take(item);
  }, on);
  el.addEventListener("focusout", (event) => {
    if (event.target instanceof HTMLTextAreaElement) hide(listOf(event.target));
  }, on);
  return () => gone.abort();
}

function listOf(text: HTMLTextAreaElement): HTMLElement | null {
  return find(".names", text.parentElement ?? document);
}

function hide(list: HTMLElement | null): void {
  if (list) list.hidden = true;
}

function offer(target: EventTarget | null): void {
  if (!(target instanceof HTMLTextAreaElement) || !target.dataset.names) return;
  const list = listOf(target);
  if (!list) return;
  const typed = begun.exec(target.value.slice(0, target.selectionStart));
  const known = JSON.parse(target.dataset.names) as string[];
  const wanted = typed?.[1]?.toLowerCase() ?? "";
  const found = typed ? known.filter((name) => fits(name, wanted)).slice(0, most) : [];
  list.replaceChildren(...found.map((name, i) => item(name, i === 0)));
  list.hidden = found.length === 0;
}

function fits(name: string, wanted: string): boolean {
  const lower = name.toLowerCase();
  return lower !== wanted && (lower.startsWith(wanted) || lower.split(" ").some((part) => part.startsWith(wanted)));
}

function item(name: string, first: boolean): HTMLElement {
  const el = make("li", "menu-item", name);
  el.setAttribute("role", "option");
  el.setAttribute("aria-selected", `${first}`);
  return el;
}

function choose(event: KeyboardEvent): void {
  const text = event.target;
  if (!(text instanceof HTMLTextAreaElement)) return;
  const list = listOf(text);
  if (!list || list.hidden || event.metaKey || event.ctrlKey) return;
  const items = all("li", list);
  const now = items.findIndex((el) => el.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    items.forEach((el, i) => el.setAttribute("aria-selected", String(i === (now + step + items.length) % items.length)));
  } else if (event.key === "Enter" || event.key === "Tab") {
    if (items[now]) take(items[now]);
  } else if (event.key === "Escape") {
    hide(list);
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function take(item: HTMLElement): void {
  const list = item.parentElement;
  const text = find<HTMLTextAreaElement>("textarea", list?.parentElement ?? document);
  if (!list || !text) return;
  const end = text.selectionStart;
  const typed = begun.exec(text.value.slice(0, end));
  if (!typed) return;
  const from = end - (typed[1]?.length ?? 0);
  text.setRangeText(`${item.textContent} `, from, end, "end");
  list.hidden = true;
  text.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
