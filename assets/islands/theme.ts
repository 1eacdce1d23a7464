// The theme is a cookie, so that the server paints the first frame right.
import { all, closest } from "./dom";

/** changed is dispatched on the document when colours are other ones. */
export const changed = "rapport:theme";

export function startTheme(): void {
  document.addEventListener("click", (event) => {
    const button = closest<HTMLButtonElement>(event, "[data-theme-choice]");
    if (!button) return;
    event.preventDefault();
    choose(button.dataset.themeChoice ?? "system");
    void keep(button);
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

/** keep lets other browsers of the account follow; this one has its cookie. */
async function keep(button: HTMLButtonElement): Promise<void> {
  const to = button.form?.getAttribute("action");
  if (!to) return;
  const body = new URLSearchParams({ theme: button.value });
  await fetch(to, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => undefined);
}

function tell(): void {
  document.dispatchEvent(new CustomEvent(changed));
}
