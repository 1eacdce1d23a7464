// The composer's base: live counters and autosave for the form inside the
// island. A counter is <output data-count-of="id of a text" data-limits="{…}">.
import { announce, all, find } from "./dom";
import { autosave, type Saved } from "./autosave";
import { length, type Limits } from "./count";

const near = 0.9;

export function mount(el: HTMLElement): () => void {
  const form = find<HTMLFormElement>("form", el);
  if (!form) return () => {};
  const count = (): void => counters(form);
  form.addEventListener("input", count);
  count();
  const stop = form.dataset.autosave ? autosave(form, hearer(el, form)) : () => {};
  return () => {
    form.removeEventListener("input", count);
    stop();
  };
}

function counters(form: HTMLFormElement): void {
  for (const out of all<HTMLOutputElement>("[data-count-of]", form)) {
    const source = document.getElementById(out.dataset.countOf ?? "") as HTMLTextAreaElement | null;
    const limits = JSON.parse(out.dataset.limits ?? "{}") as Limits;
    if (!source || !limits.text) continue;
    const used = length(source.value, limits);
    out.value = `${limits.text - used}`;
    out.dataset.tone = used > limits.text ? "bad" : used > limits.text * near ? "warn" : "quiet";
  }
}

/** hearer keeps the form's revision and tells the page what happened. */
function hearer(el: HTMLElement, form: HTMLFormElement) {
  return {
    saved(answer: Saved): void {
      const revision = find<HTMLInputElement>("input[name=revision]", form);
      if (revision && answer.revision !== undefined) revision.value = `${answer.revision}`;
      if (answer.href) history.replaceState(null, "", answer.href);
      el.dispatchEvent(new CustomEvent("rapport:saved", { bubbles: true, detail: answer }));
    },
    conflict(part: string): void {
      const bar = find("[data-conflict]", el);
      if (!bar) return;
      bar.innerHTML = part;
      window.htmx.process(bar);
      bar.hidden = false;
      announce(bar.textContent ?? "");
    },
    refused(text: string): void {
      const note = find("[data-refused]", el);
      if (note) note.textContent = text;
      announce(text);
    },
  };
}
