// Toasts leave by themselves, not while they are read or hold the focus.
import { find, make } from "./dom";

const stay = 8000;

export function startToasts(): void {
  const region = find("#toasts");
  if (!region) return;
  for (const el of Array.from(region.children)) watch(el as HTMLElement);
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((c) => Array.from(c.addedNodes))) {
      if (node instanceof HTMLElement) watch(node);
    }
  }).observe(region, { childList: true });
  document.addEventListener("htmx:error", () => say(region.dataset.failed ?? ""));
}

/** say shows a short text that needs no answer; undo is the address that takes
 * back what was done. */
export function say(text: string, undo?: string): void {
  const region = find("#toasts");
  if (!text || !region) return;
  const el = make("div", "toast");
  el.append(make("p", "", text));
  if (undo) el.append(undoForm(undo, region.dataset.undo ?? ""));
  region.append(el);
  window.htmx.process(el);
}

function undoForm(address: string, label: string): HTMLElement {
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  const button = make("button", "btn", label);
  button.setAttribute("type", "submit");
  button.dataset.kind = "ghost";
  button.dataset.size = "sm";
  form.append(button);
  form.setAttribute("hx-post", address);
  form.setAttribute("hx-swap", "none");
  return form;
}

function watch(el: HTMLElement): void {
  let timer = 0;
  const wait = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => el.remove(), stay);
  };
  const hold = (): void => clearTimeout(timer);
  el.addEventListener("pointerenter", hold);
  el.addEventListener("focusin", hold);
  el.addEventListener("pointerleave", wait);
  el.addEventListener("focusout", wait);
  el.addEventListener("htmx:after:request", () => el.remove());
  wait();
}
