// Keys of every page: ? for help, g then a letter to go, / to search, and in a
// list j, k, enter, x and the row's own keys.
import { all, find, typing } from "./dom";

const patience = 1200;

let waiting = 0;

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || typing(event)) return;
    if (find("dialog[open]")) return;
    if (waiting ? go(event.key) : press(event.key)) event.preventDefault();
  });
}

function go(key: string): boolean {
  clearTimeout(waiting);
  waiting = 0;
  const link = find<HTMLAnchorElement>(`[data-go="${CSS.escape(key)}"]`);
  link?.click();
  return link !== null;
}

function press(key: string): boolean {
  if (key === "g") {
    waiting = window.setTimeout(() => (waiting = 0), patience);
    return true;
  }
  if (key === "?") {
    find<HTMLDialogElement>("#keys")?.showModal();
    return true;
  }
  return inList(key) || shortcut(key);
}

/** shortcut presses what the page marks with data-key. */
function shortcut(key: string): boolean {
  const el = find(`[data-key="${CSS.escape(key)}"]`);
  if (!el) return false;
  if (el instanceof HTMLInputElement) el.focus();
  else el.click();
  return true;
}

function inList(key: string): boolean {
  const rows = all("[data-row]").filter((row) => row.offsetParent !== null);
  if (rows.length === 0) return false;
  const now = rows.findIndex((row) => row.hasAttribute("data-cursor"));
  if (key === "j" || key === "k") {
    const next = now < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, now + (key === "j" ? 1 : -1)));
    return mark(rows, next);
  }
  const row = rows[now];
  if (!row) return false;
  const selector = { Enter: "a[href]", x: "input[type=checkbox]", e: "[data-row-key=e]" }[key] ?? `[data-row-key="${CSS.escape(key)}"]`;
  const at = document.activeElement;
  if (key === "Enter" && at !== document.body && (!row.contains(at) || at?.matches("a, button, summary"))) return false; // it is theirs
  const target = find(selector, row);
  if (!target) return false;
  target.click();
  return true;
}

function mark(rows: HTMLElement[], next: number): boolean {
  rows.forEach((row, i) => row.toggleAttribute("data-cursor", i === next));
  const row = rows[next];
  row?.scrollIntoView({ block: "nearest" });
  find("a[href], input, button", row)?.focus({ preventScroll: true });
  return true;
}
