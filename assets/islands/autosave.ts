// Autosave of the composer: a moment after the last change the form is sent;
// until the server has it, it waits in the browser and is offered again. A
// form without data-save is only checked and kept in the browser.
import { announce, find } from "./dom";
import { send, type Answer } from "./send";

const pause = 900;
const longest = 30_000;

/** Saved is what the server says of a form. */
interface Saved {
  text: string;
  id?: string;
  revision?: number;
  href?: string;
  checks?: string;
  note: string;
  conflict?: string;
}

type State = "" | "saving" | "saved" | "offline" | "local" | "out" | "found" | "refused";

/** Autosave keeps what is in the form safe. */
export class Autosave {
  private timer = 0;
  private wait = 1_000;
  private running: Promise<void> | null = null;
  private version = 0;
  private kept = 0;
  private ended = false;

  constructor(private readonly form: () => HTMLFormElement) {}

  /** touched says that something changed. */
  touched(): void {
    this.version++;
    this.hold();
    if (this.ended) return;
    show(this.form().dataset.save ? "saving" : "local");
    this.later(pause);
  }

  /** flush sends what was not sent yet and waits for the answer. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    await this.running;
    if (this.version > this.kept && !this.ended && this.form().dataset.save) await this.run();
  }

  /** settle waits for a request under way and lets no other begin. */
  async settle(): Promise<void> {
    clearTimeout(this.timer);
    await this.running;
  }

  /** look asks whether somebody else saved meanwhile, without saving. What this
   * page saves itself is waited for first: it is no news. */
  async look(): Promise<void> {
    await this.running;
    const form = this.form();
    if (this.ended || !form.dataset.check) return;
    const answer = await send(form.dataset.check, texts(form), "application/json");
    if (!answer.json || this.ended || this.running) return;
    const said = JSON.parse(answer.text) as Saved;
    if (said.conflict) this.conflict(said.conflict);
  }

  /** end stops for good; forget also drops what the browser keeps. */
  end(forget: boolean): void {
    this.ended = true;
    clearTimeout(this.timer);
    if (forget) localStorage.removeItem(this.key());
  }

  /** found is what the browser still holds of this form. */
  found(): FormData | null {
    const held = localStorage.getItem(this.key());
    if (!held) return null;
    const data = new FormData();
    for (const [name, value] of JSON.parse(held) as [string, string][]) data.append(name, value);
    return data;
  }

  private key(): string {
    const form = this.form();
    return `compose:${form.action}:${value(form, "id") || "new"}`;
  }

  private hold(): void {
    const texts = Array.from(new FormData(this.form())).filter((pair) => typeof pair[1] === "string");
    try {
      localStorage.setItem(this.key(), JSON.stringify(texts));
    } catch {
      // It does not fit; it is still in the page.
    }
  }

  private later(ms: number): void {
    clearTimeout(this.timer);
    if (!this.ended) this.timer = window.setTimeout(() => void this.run(), ms);
  }

  private run(): Promise<void> {
    this.running ??= this.once().finally(() => (this.running = null));
    return this.running;
  }

  private async once(): Promise<void> {
    const form = this.form();
    const version = this.version;
    const data = texts(form);
    const answer = await send(form.dataset.save ?? form.dataset.check ?? "", data, "application/json");
    if (answer.status === 0 || answer.status >= 500) return this.again();
    this.wait = 1_000;
    if (!answer.json) return show("out");
    this.heard(answer, data, version);
    if (this.version > version) this.later(pause);
  }

  private again(): void {
    show("offline");
    this.later(this.wait);
    this.wait = Math.min(this.wait * 2, longest);
  }

  private heard(answer: Answer, data: FormData, version: number): void {
    const said = JSON.parse(answer.text) as Saved;
    const form = this.form();
    part(form, "[data-checks]", said.checks);
    const note = find("[data-note]", form);
    if (note && answer.status === 200) note.textContent = said.note;
    if (said.conflict) return this.conflict(said.conflict);
    if (answer.status !== 200) return show("refused", said.text);
    if (said.id) this.saved(form, said, data, version);
    else if (form.dataset.save) show("");
  }

  private saved(form: HTMLFormElement, said: Saved, data: FormData, version: number): void {
    localStorage.removeItem(this.key());
    set(form, "id", said.id ?? "");
    set(form, "revision", `${said.revision}`);
    for (const [name, text] of data) {
      if (name.startsWith("alt.")) set(form, `was.${name.slice(4)}`, `${text}`);
    }
    if (said.href && location.pathname !== said.href) history.replaceState(null, "", said.href);
    this.kept = version;
    if (this.version > version) this.hold();
    else show("saved", said.text);
  }

  private conflict(html: string): void {
    this.ended = true;
    part(this.form(), "[data-conflict]", html);
    const bar = find("[data-conflict]", this.form());
    announce(bar?.querySelector("strong")?.textContent ?? "");
    bar?.scrollIntoView({ block: "nearest" });
    show("local");
  }
}

function texts(form: HTMLFormElement): FormData {
  const data = new FormData();
  for (const [name, text] of new FormData(form)) if (typeof text === "string") data.append(name, text);
  return data;
}

function value(form: HTMLFormElement, name: string): string {
  return find<HTMLInputElement>(`input[name="${CSS.escape(name)}"]`, form)?.value ?? "";
}

function set(form: HTMLFormElement, name: string, text: string): void {
  const input = find<HTMLInputElement>(`input[name="${CSS.escape(name)}"]`, form);
  if (input) input.value = text;
}

function part(form: HTMLFormElement, selector: string, html?: string): void {
  const el = find(selector, form);
  if (el && html !== undefined) el.innerHTML = html;
}

/** show says in the page's head how safe the text is; the words stand there. */
export function show(state: State, words = ""): void {
  const el = find("[data-save-state]");
  if (!el) return;
  const text = words || (el.dataset[state] ?? "");
  el.dataset.saveState = state;
  if (el.textContent !== text) el.textContent = text;
}
