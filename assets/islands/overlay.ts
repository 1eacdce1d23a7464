// Dialogs and menus are native; this fills in what older browsers lack and the
// arrow keys in menus.
import { all, closest, find } from "./dom";

const anchors = CSS.supports("position-area", "block-end");
const commands = "commandForElement" in HTMLButtonElement.prototype;

export function startOverlays(): void {
  document.addEventListener("click", (event) => {
    const button = closest(event, "[commandfor]");
    if (button && !commands) run(button);
    const dialog = event.target;
    if (dialog instanceof HTMLDialogElement && dialog.matches("[data-light-dismiss]")) dialog.close();
  });
  document.addEventListener("toggle", onToggle, true);
  document.addEventListener("keydown", onKey);
  document.addEventListener("input", (event) => {
    const input = closest<HTMLInputElement>(event, "[data-menu-filter]");
    if (input) narrow(input);
  });
}

/** narrow leaves the links of a menu that have all the words in their name. */
function narrow(input: HTMLInputElement): void {
  const menu = input.closest<HTMLElement>(".menu");
  if (!menu) return;
  const words = input.value.toLowerCase().split(/\s+/);
  let left = 0;
  for (const item of all("[data-named]", menu)) {
    const name = item.textContent?.toLowerCase() ?? "";
    item.hidden = !words.every((word) => name.includes(word));
    if (!item.hidden) left++;
  }
  const none = find(".menu-none", menu);
  if (none) none.hidden = left > 0;
}

/** ask shows a menu's filter, which does nothing without scripts, as new. */
function ask(menu: HTMLElement): void {
  const input = find<HTMLInputElement>("[data-menu-filter]", menu);
  if (!input) return;
  input.hidden = false;
  input.value = "";
  narrow(input);
  input.focus();
}

function run(button: HTMLElement): void {
  const dialog = document.getElementById(button.getAttribute("commandfor") ?? "");
  if (!(dialog instanceof HTMLDialogElement)) return;
  if (button.getAttribute("command") === "show-modal") dialog.showModal();
  else dialog.close();
}

function opener(menu: Element): HTMLElement | null {
  return find(`[popovertarget="${CSS.escape(menu.id)}"]`);
}

function onToggle(event: Event): void {
  const menu = event.target;
  if (!(menu instanceof HTMLElement) || !menu.matches("[popover].menu")) return;
  const open = (event as ToggleEvent).newState === "open";
  const button = opener(menu);
  button?.setAttribute("aria-expanded", String(open));
  if (open) ask(menu);
  if (open && button && !anchors) place(menu, button);
}

function place(menu: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const end = menu.dataset.align === "end";
  const above = at.top - 16;
  const below = innerHeight - at.bottom - 8;
  const up = menu.dataset.side === "top" || (menu.offsetHeight > below && above > below);
  // What is about a number is as high as there is room, and scrolls.
  if (menu.classList.contains("about")) menu.style.maxHeight = `${Math.min(448, up ? above : below)}px`;
  const left = end ? at.right - menu.offsetWidth : at.left;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${up ? Math.max(8, at.top - menu.offsetHeight - 8) : at.bottom}px`;
}

function onKey(event: KeyboardEvent): void {
  const menu = closest(event, "[popover].menu");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  if (menu) return move(event, menu, step);
  const button = closest(event, "[popovertarget]");
  const target = document.getElementById(button?.getAttribute("popovertarget") ?? "");
  if (!target?.matches(".menu:popover-open")) return;
  move(event, target, step);
}

function move(event: KeyboardEvent, menu: HTMLElement, step: number): void {
  const items = all("a[href]:not([hidden]), button:not(:disabled)", menu);
  const now = items.indexOf(document.activeElement as HTMLElement);
  const next = now < 0 ? (step > 0 ? 0 : items.length - 1) : (now + step + items.length) % items.length;
  items[next]?.focus();
  event.preventDefault();
}
