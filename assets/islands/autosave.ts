// Autosave for a form: a moment after the last change it is sent to
// data-autosave; until the server has it, the text waits in the browser and is
// offered again. The server answers with JSON.
import { find } from "./dom";

const pause = 900;
const longest = 30_000;

/** Saved is what the server answers to a saved draft. */
export interface Saved {
  text: string; // "Saved 14:02"
  revision?: number;
  href?: string; // the address of a draft that had none
}

/** Autosave hears what became of the form. */
export interface Hearer {
  saved(answer: Saved): void;
  conflict(body: string): void; // 409: changed elsewhere, with the server's part
  refused(text: string): void;
}

/** autosave watches the form until the returned function is called. */
export function autosave(form: HTMLFormElement, hearer: Hearer): () => void {
  const url = form.dataset.autosave ?? "";
  const key = `draft:${url}`;
  let timer = 0;
  let wait = 1_000;
  let busy = false;
  let stopped = false;

  const later = (ms = pause): void => {
    clearTimeout(timer);
    if (!stopped) timer = window.setTimeout(() => void send(), ms);
  };
  const changed = (): void => {
    localStorage.setItem(key, new URLSearchParams(text(form)).toString());
    show(form, "saving");
    later();
  };
  const send = async (): Promise<void> => {
    if (busy) return later();
    busy = true;
    try {
      await answered(await fetch(url, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } }));
      wait = 1_000;
    } catch {
      show(form, "offline");
      wait = Math.min(wait * 2, longest);
      later(wait);
    } finally {
      busy = false;
    }
  };
  const answered = async (answer: Response): Promise<void> => {
    if (answer.status === 409) {
      stopped = true;
      return hearer.conflict(await answer.text());
    }
    if (answer.status >= 500) throw new Error(answer.statusText);
    const body = (await answer.json()) as Saved;
    if (!answer.ok) return hearer.refused(body.text);
    localStorage.removeItem(key);
    show(form, "saved", body.text);
    hearer.saved(body);
  };

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  return () => {
    stopped = true;
    clearTimeout(timer);
    form.removeEventListener("input", changed);
    form.removeEventListener("change", changed);
  };
}

/** waiting is what the browser still holds of a form that was not saved. */
export function waiting(form: HTMLFormElement): URLSearchParams | null {
  const held = localStorage.getItem(`draft:${form.dataset.autosave ?? ""}`);
  return held ? new URLSearchParams(held) : null;
}

function text(form: HTMLFormElement): [string, string][] {
  return Array.from(new FormData(form)).filter((pair): pair is [string, string] => typeof pair[1] === "string");
}

/** show puts the state into [data-save-state], which holds the words. */
function show(form: HTMLFormElement, state: "saving" | "saved" | "offline", words = ""): void {
  const el = find("[data-save-state]", form);
  if (!el) return;
  el.dataset.saveState = state;
  el.textContent = words || (el.dataset[state] ?? "");
}
