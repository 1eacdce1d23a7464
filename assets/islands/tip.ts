// One tooltip for the page: what data-tip says, on hover and on focus.
import { closest, make } from "./dom";

const delay = 350;

export function startTips(): void {
  const tip = make("div", "tip");
  tip.popover = "manual";
  tip.setAttribute("aria-hidden", "true");
  let timer = 0;

  const hide = (): void => {
    clearTimeout(timer);
    if (tip.isConnected) tip.remove();
  };
  const later = (el: HTMLElement, wait: number): void => {
    hide();
    timer = window.setTimeout(() => show(tip, el), wait);
  };

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const el = closest(event, "[data-tip]");
    if (el) later(el, delay);
    else hide();
  });
  document.addEventListener("focusin", (event) => {
    const el = closest(event, "[data-tip]");
    if (el?.matches(":focus-visible")) later(el, 0);
    else hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("pointerdown", hide);
  document.addEventListener("scroll", hide, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
}

function show(tip: HTMLElement, el: HTMLElement): void {
  if (!el.isConnected) return;
  tip.textContent = el.dataset.tip ?? "";
  (el.closest("dialog") ?? document.body).append(tip);
  tip.showPopover();
  const at = el.getBoundingClientRect();
  const left = at.left + at.width / 2 - tip.offsetWidth / 2;
  const below = at.top < tip.offsetHeight + 16;
  tip.style.left = `${Math.max(8, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${below ? at.bottom + 6 : at.top - tip.offsetHeight - 6}px`;
}
