// What is being written in the inbox stays in the browser until the server has
// it: an answer and a note for each conversation.
import { find } from "./dom";
import { length, type Limits } from "./count";

interface Kept {
  text: string;
  fresh: string; // the id the form sends it under
  to?: string;
  name?: string;
  open?: string; // who can read it, in words
  reach?: string;
}

const near = 0.9;

/** Draft keeps the reply box of the thread that shows. */
export class Draft {
  constructor(private readonly thread: () => HTMLElement | null) {}

  /** typed keeps a text that has just changed. */
  typed(text: HTMLTextAreaElement): void {
    this.guard();
    this.refresh();
    this.hold(text);
  }

  /** restore brings back what was written here before. */
  restore(): void {
    for (const text of this.texts()) {
      const kept = read(this.key(text));
      if (!kept || text.getAttribute("aria-invalid") === "true") continue;
      text.value = kept.text;
      const form = text.form;
      if (form && kept.fresh) set(form, "new", kept.fresh);
      if (form && kept.to) this.aim(form, kept.to, kept.name ?? "", kept.open ?? "", kept.reach ?? "");
      say(text, true);
    }
    this.guard();
    this.refresh();
  }

  /** done forgets what the server has. */
  done(form: HTMLFormElement): void {
    const text = find<HTMLTextAreaElement>("textarea", form);
    if (!text) return;
    localStorage.removeItem(this.key(text));
    text.value = text.dataset.prefill ?? "";
    say(text, false);
  }

  /** to aims the answer at another message. */
  to(id: string, name: string, open: string, reach: string, prefill: string): void {
    const text = find<HTMLTextAreaElement>("#answer-text", this.thread() ?? document);
    if (!text?.form) return;
    const was = text.dataset.prefill ?? "";
    if (text.value.trim() === was.trim()) text.value = prefill;
    else if (was && text.value.startsWith(was)) text.value = prefill + text.value.slice(was.length);
    text.dataset.prefill = prefill;
    this.aim(text.form, id, name, open, reach);
    this.typed(text);
    text.setSelectionRange(text.value.length, text.value.length);
  }

  private aim(form: HTMLFormElement, id: string, name: string, words: string, reach: string): void {
    set(form, "to", id);
    const who = find("[data-to-name]", form);
    if (who && name) who.textContent = name;
    const open = publicOf(form);
    if (!open || !words) return;
    open.textContent = words;
    if (open.parentElement) open.parentElement.dataset.reach = reach;
  }

  /** write puts a text into the answer, for instance one that was refused. */
  write(words: string): void {
    const text = find<HTMLTextAreaElement>("#answer-text", this.thread() ?? document);
    if (!text) return;
    text.value = words;
    this.typed(text);
  }

  /** refresh counts what is left and lets the server's changes in while there
   * is nothing to lose. */
  refresh(): void {
    const text = find<HTMLTextAreaElement>("#answer-text", this.thread() ?? document);
    const out = find<HTMLOutputElement>("[data-left]", text?.form ?? document);
    if (!text || !out) return;
    const [limits] = JSON.parse(text.dataset.limits ?? "[]") as Limits[];
    if (!limits?.text) return;
    const left = limits.text - (text.value.length > limits.text * 20 ? text.value.length : length(text.value, limits));
    out.value = `${left}`.replace("-", "\u2212");
    out.dataset.tone = left < 0 ? "bad" : left < limits.text * (1 - near) ? "warn" : "quiet";
  }

  /** guard keeps the box from being drawn anew while something is in it. */
  private guard(): void {
    const box = find("#reply", this.thread() ?? document);
    box?.toggleAttribute("hx-morph-skip", this.texts().some((text) => written(text) || text === document.activeElement));
  }

  private texts(): HTMLTextAreaElement[] {
    const thread = this.thread();
    return thread ? Array.from(thread.querySelectorAll<HTMLTextAreaElement>("#reply textarea")) : [];
  }

  private key(text: HTMLTextAreaElement): string {
    return `inbox:${this.thread()?.dataset.conversation}:${text.name}`;
  }

  private hold(text: HTMLTextAreaElement): void {
    const form = text.form;
    if (!form || !text.isConnected) return;
    if (!written(text)) {
      localStorage.removeItem(this.key(text));
      return say(text, false);
    }
    const kept: Kept = { text: text.value, fresh: get(form, "new"), to: get(form, "to"), name: find("[data-to-name]", form)?.textContent ?? "",
      open: publicOf(form)?.textContent ?? "", reach: publicOf(form)?.parentElement?.dataset.reach ?? "" };
    try {
      localStorage.setItem(this.key(text), JSON.stringify(kept));
      say(text, true);
    } catch {
      // It does not fit; it is still in the page.
    }
  }
}

function publicOf(form: HTMLFormElement): HTMLElement | null {
  return find("[data-to-public]", form.closest("#reply") ?? form);
}

function written(text: HTMLTextAreaElement): boolean {
  return text.value.trim() !== (text.dataset.prefill ?? "").trim() && text.value.trim() !== "";
}

function say(text: HTMLTextAreaElement, kept: boolean): void {
  const out = find("[data-draft-state]", text.form ?? document);
  if (out) out.textContent = kept ? (out.dataset.kept ?? "") : "";
}

function read(key: string): Kept | null {
  const held = localStorage.getItem(key);
  return held ? (JSON.parse(held) as Kept) : null;
}

function get(form: HTMLFormElement, name: string): string {
  return find<HTMLInputElement>(`input[name="${name}"]`, form)?.value ?? "";
}

function set(form: HTMLFormElement, name: string, value: string): void {
  const input = find<HTMLInputElement>(`input[name="${name}"]`, form);
  if (input) input.value = value;
}
