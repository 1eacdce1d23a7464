// Rows that can be chosen: counts them for the bar that acts on them. Whether
// the bar shows is a matter of the stylesheet.
import { all, announce, closest, find } from "./dom";

export function mount(el: HTMLElement): () => void {
  const count = (): void => {
    const chosen = all("input[type=checkbox]:checked", el).length;
    const out = find("[data-count]", el);
    if (!out || out.textContent === `${chosen}`) return;
    out.textContent = `${chosen}`;
    if (chosen > 0) announce(out.parentElement?.textContent?.trim() ?? "");
  };
  const none = (event: Event): void => {
    if (!closest(event, "[data-none]")) return;
    for (const box of all<HTMLInputElement>("input[type=checkbox]", el)) box.checked = false;
    count();
  };
  el.addEventListener("change", count);
  el.addEventListener("click", none);
  count();
  return () => {
    el.removeEventListener("change", count);
    el.removeEventListener("click", none);
  };
}
