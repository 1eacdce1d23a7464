// A form that asks somebody elsewhere: its button names who, and says that the
// asking is under way.
import { all, announce, find } from "./dom";

/** host is the host in an address, a name or a whole handle. */
function host(typed: string): string {
  const rest = typed.trim().replace(/^[^/]*:\/\//, "").split("/")[0] ?? "";
  return rest.slice(rest.lastIndexOf("@") + 1).toLowerCase();
}

export function mount(el: HTMLElement): () => void {
  const form = find<HTMLFormElement>("form", el);
  const server = find<HTMLInputElement>("[name=server]", el);
  const label = find("[data-host-label]", el);
  if (!form) return () => undefined;
  const name = (): void => {
    const to = host(server?.value ?? "");
    if (label) label.textContent = to ? (label.dataset.hostLabel ?? "").replace("%s", to) : (label.dataset.hostNone ?? "");
  };
  const state = find("[data-ask-state]", form);
  const ask = (): void => {
    const to = host(server?.value ?? "");
    const text = to ? (form.dataset.asking ?? "").replace("%s", to) : (form.dataset.askingAny ?? "");
    if (state) state.textContent = text;
    announce(text);
    // After the browser has read which button was pressed.
    setTimeout(() => all<HTMLButtonElement>("button[type=submit]", form).forEach((b) => (b.disabled = true)));
  };
  const back = (): void => {
    if (state) state.textContent = "";
    all<HTMLButtonElement>("button[type=submit]", form).forEach((b) => (b.disabled = false));
  };
  server?.addEventListener("input", name);
  form.addEventListener("submit", ask);
  addEventListener("pageshow", back);
  name();
  return () => {
    server?.removeEventListener("input", name);
    form.removeEventListener("submit", ask);
    removeEventListener("pageshow", back);
  };
}
