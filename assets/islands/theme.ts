// The theme is a cookie, so that the server paints the first frame right.
import { all, closest } from "./dom";

/** changed is dispatched on the document when colours are other ones. */
export const changed = "rapport:theme";

export function startTheme(): void {
  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-theme-choice]");
    if (button) choose(button.dataset.themeChoice ?? "system");
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}

function choose(theme: string): void {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`;
  document.documentElement.classList.remove("light", "dark", "system");
  document.documentElement.classList.add(theme);
  for (const el of all("[data-theme-choice]")) {
    el.setAttribute("aria-pressed", String(el.dataset.themeChoice === theme));
  }
  tell();
}

function tell(): void {
  document.dispatchEvent(new CustomEvent(changed));
}
