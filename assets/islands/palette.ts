// ⌘K: the entries the page came with, filtered as one types, and what the
// server finds for the same words.
import { all, closest, find, make } from "./dom";

const pause = 120;

interface Found {
  label: string;
  href: string;
  icon?: string;
  detail?: string;
}

export function startPalette(): void {
  let timer = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => {
    if (closest(event, "[data-palette-open]")) {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("input", (event) => {
    const input = closest<HTMLInputElement>(event, "#palette input");
    if (!input) return;
    filter(input.value);
    clearTimeout(timer);
    timer = window.setTimeout(() => void look(input), pause);
  });
  document.addEventListener("keydown", (event) => {
    if (closest(event, "#palette")) onKey(event);
  });
}

function open(): void {
  const dialog = find<HTMLDialogElement>("#palette");
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const input = find<HTMLInputElement>("input", dialog);
  if (!input) return;
  input.value = "";
  input.focus();
  for (const el of all("[data-found]", dialog)) el.remove();
  filter("");
}

function shown(): HTMLElement[] {
  return all("#palette .menu-item").filter((el) => !el.hidden);
}

function filter(query: string): void {
  const items = all("#palette .menu-item:not([data-found])");
  items.forEach((el, i) => (el.dataset.place ??= String(i)));
  const place = (el: HTMLElement) => Number(el.dataset.place);
  const ranked = items.map((el) => ({ el, rank: score(query, el.dataset.words ?? el.textContent ?? "") }));
  ranked.sort((a, b) => b.rank - a.rank || place(a.el) - place(b.el));
  // The best match stands first, so that enter takes it.
  const after = items.at(-1)?.nextSibling ?? null;
  for (const { el, rank } of ranked) {
    el.hidden = rank < 0;
    el.parentElement?.insertBefore(el, after);
  }
  select(shown()[0]);
  const none = find("#palette .palette-none");
  if (none) none.hidden = shown().length > 0;
}

/** score is -1 where the letters of query do not stand in text in order. */
export function score(query: string, text: string): number {
  const wanted = query.trim().toLowerCase();
  const have = text.toLowerCase();
  const at = have.indexOf(wanted);
  if (at >= 0) return 100 - at;
  let from = 0;
  for (const letter of wanted.replaceAll(" ", "")) {
    from = have.indexOf(letter, from) + 1;
    if (from === 0) return -1;
  }
  return 1;
}

function select(item: HTMLElement | undefined): void {
  for (const el of all("#palette .menu-item")) el.setAttribute("aria-selected", String(el === item));
  find("#palette input")?.setAttribute("aria-activedescendant", item?.id ?? "");
  item?.scrollIntoView({ block: "nearest" });
}

function onKey(event: KeyboardEvent): void {
  const items = shown();
  const now = items.findIndex((el) => el.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") select(items[Math.min(now + 1, items.length - 1)]);
  else if (event.key === "ArrowUp") select(items[Math.max(now - 1, 0)]);
  else if (event.key === "Enter") items[now]?.click();
  else return;
  event.preventDefault();
}

async function look(input: HTMLInputElement): Promise<void> {
  const dialog = find<HTMLDialogElement>("#palette");
  const source = dialog?.dataset.source;
  const query = input.value.trim();
  for (const el of all("#palette [data-found]")) el.remove();
  if (!dialog || !source || query.length < 2) return;
  const answer = await fetch(`${source}?q=${encodeURIComponent(query)}`, { headers: { Accept: "application/json" } });
  if (!answer.ok || input.value.trim() !== query) return;
  const found = (await answer.json()) as Found[];
  const list = find(".palette-list", dialog);
  found.forEach((entry, i) => list?.append(item(entry, i)));
  const none = find(".palette-none", dialog);
  if (none) none.hidden = shown().length > 0;
  if (!shown().some((el) => el.getAttribute("aria-selected") === "true")) select(shown()[0]);
}

function item(entry: Found, index: number): HTMLElement {
  const el = make("a", "menu-item") as HTMLAnchorElement;
  el.id = `found-${index}`;
  el.href = entry.href;
  el.dataset.found = "";
  el.setAttribute("role", "option");
  el.append(make("span", "clip", entry.label));
  if (entry.detail) el.append(make("span", "text-muted", entry.detail));
  return el;
}
