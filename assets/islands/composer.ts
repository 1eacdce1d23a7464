// The composer. The server draws the form and every change of its structure;
// this keeps counters and previews true while somebody types, saves, takes
// dropped and pasted pictures, and lets no page load get in the way.
import { announce, all, closest, find } from "./dom";
import { Autosave, show } from "./autosave";
import { cropIn } from "./cropdialog";
import { length, type Limits } from "./count";
import type { Change } from "./live";
import { send, type Answer } from "./send";

const near = 0.9;
const setOff = /https?:\/\/[^\s<>"]+|[#@][\p{L}\p{N}_][\p{L}\p{N}_.@-]*/gu;

export function mount(el: HTMLElement): () => void {
  const composer = new Composer(el);
  return () => composer.leave();
}

class Composer {
  private readonly saving = new Autosave(() => this.form());
  private readonly gone = new AbortController();
  private busy: Promise<void> = Promise.resolve();

  constructor(private readonly el: HTMLElement) {
    const on = <K extends keyof HTMLElementEventMap>(kind: K, act: (event: HTMLElementEventMap[K]) => void): void =>
      el.addEventListener(kind, act, { signal: this.gone.signal });
    on("input", (event) => this.input(event));
    on("change", (event) => this.change(event));
    on("submit", (event) => this.submit(event));
    on("click", (event) => this.click(event));
    on("paste", (event) => this.paste(event));
    on("dragover", (event) => this.dragOver(event));
    on("dragleave", () => this.drop(null));
    on("drop", (event) => this.dropped(event));
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.gone.signal });
    document.addEventListener("rapport:live", (event) => this.heard(event), { signal: this.gone.signal });
    this.refresh();
    this.offer();
  }

  /** heard looks at once when somebody saved this post, not only when this page
   * saves next. */
  private heard(event: Event): void {
    const { kind, subject } = (event as CustomEvent<Change>).detail;
    const id = find<HTMLInputElement>("input[name=id]", this.form())?.value;
    if (id && (!kind || (kind === "post.saved" && subject === id))) void this.saving.look();
  }

  leave(): void {
    void this.saving.flush();
    this.saving.end(false);
    this.gone.abort();
  }

  private form(): HTMLFormElement {
    return find<HTMLFormElement>("form#composer", this.el) as HTMLFormElement;
  }

  /** offer brings back what was written before and never saved. */
  private offer(): void {
    const held = this.saving.found();
    if (!held) return;
    held.set("edit", "refresh");
    void this.redraw(held).then(() => {
      const text = find<HTMLTextAreaElement>("[data-body]:not([hidden]) textarea", this.form());
      text?.focus();
      text?.setSelectionRange(text.value.length, text.value.length);
      show("found");
    });
  }

  private input(event: Event): void {
    const text = event.target;
    if (text instanceof HTMLTextAreaElement && text.dataset.text) {
      this.showText(text);
      this.count();
      if (this.tooLong(text)) return;
    } else if ((text instanceof HTMLInputElement || text instanceof HTMLSelectElement) && closest(event, "[data-options]")) {
      if (text.name.startsWith("option.")) this.showOption(text);
      this.sumUp();
      this.count();
    }
    this.saving.touched();
  }

  /** sumUp says in the folded line what was chosen. */
  private sumUp(): void {
    const words = all<HTMLInputElement | HTMLSelectElement>("[data-options] :is(input.input, select)", this.form()).map(chosen);
    const line = find("[data-options-set]", this.form());
    if (line) line.textContent = Array.from(new Set(words.filter((w) => w !== ""))).join(" · ");
  }

  /** showOption puts a choice into the previews: a warning folds the text away. */
  private showOption(field: HTMLInputElement | HTMLSelectElement): void {
    const word = chosen(field);
    const none = word === "";
    const name = CSS.escape(field.name);
    for (const place of all(`[data-option-word="${name}"]`, this.form())) {
      place.textContent = word || (place.dataset.usual ?? "");
      if (place.matches(".preview-label")) place.closest(".preview")?.toggleAttribute("data-covered", !none);
    }
    for (const fold of all<HTMLDetailsElement>(`details[data-warns="${name}"]`, this.form())) {
      const head = find("summary", fold);
      if (!head || head.hidden === none) continue;
      head.hidden = none;
      fold.open = none;
    }
  }

  private change(event: Event): void {
    const input = event.target;
    if (!(input instanceof HTMLInputElement)) return;
    if (input.type === "file") this.edit("refresh", partOf(input));
    else if (input.name === "channel") this.edit("refresh");
    else this.saving.touched();
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const button = event.submitter;
    if (!(button instanceof HTMLButtonElement)) return;
    if (button.name === "edit" && button.dataset.tab) this.tab(button.dataset.tab);
    else if (button.name === "edit") this.edit(button.value);
    else this.finish(button);
  }

  private click(event: MouseEvent): void {
    const crop = closest<HTMLAnchorElement>(event, "[data-crop]");
    if (crop) {
      event.preventDefault();
      void cropIn(crop).then((id) => {
        if (id) this.edit(id === crop.dataset.crop ? "refresh" : `swap ${crop.dataset.crop} ${id}`);
      });
      return;
    }
    if (closest(event, "[data-drop-local]")) this.saving.end(true);
    const jump = closest<HTMLAnchorElement>(event, "a[data-jump][href^='#']");
    if (jump) {
      event.preventDefault();
      this.jump(jump.hash.slice(1));
    }
  }

  private jump(id: string): void {
    const field = document.getElementById(id);
    const body = field?.closest<HTMLElement>("[data-body]")?.dataset.body;
    if (body) this.tab(body, field);
  }

  /** tab shows one of the versions; all of them stay in the form. */
  private tab(key: string, focus: HTMLElement | null = null): void {
    const form = this.form();
    for (const body of all("[data-body]", form)) body.hidden = body.dataset.body !== key;
    for (const tab of all("[data-tab]", form)) {
      if (tab.dataset.tab === key) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
    const input = find<HTMLInputElement>("input[name=tab]", form);
    if (input) input.value = key;
    (focus ?? find(`[data-text="${CSS.escape(key)}"]`, form))?.focus();
  }

  /** edit asks the server for the form as it is after a change. */
  private edit(what: string, part: HTMLElement | null = null, files: File[] = []): void {
    this.busy = this.busy.then(async () => {
      await this.saving.settle();
      const data = new FormData(this.form());
      data.set("edit", what);
      for (const file of files) data.append(`file.${part?.dataset.key}.${part?.dataset.part}`, file);
      await this.redraw(data, part);
      this.focus(what);
      this.saving.touched();
    });
  }

  private async redraw(data: FormData, part: HTMLElement | null = null): Promise<void> {
    const form = this.form();
    const before = new Map(all<HTMLTextAreaElement>("textarea", form).map((t) => [t.name, t.value]));
    const answer = await send(form.dataset.edit ?? "", data, "text/html", part ? progress(part, form) : undefined);
    if (!this.usable(answer)) return;
    const typed = all<HTMLTextAreaElement>("textarea", form).filter((t) => before.get(t.name) !== t.value);
    const caret = caretIn(form);
    this.replace(form, answer.text);
    for (const text of typed) {
      const now = find<HTMLTextAreaElement>(`textarea[name="${CSS.escape(text.name)}"]`, this.form());
      if (now) now.value = text.value;
    }
    this.refresh();
    caret();
  }

  private replace(form: HTMLFormElement, html: string): void {
    const scroll = find(".compose-write", form)?.scrollTop ?? 0;
    const folded = find("[data-options]", form)?.hasAttribute("open") ?? false;
    const page = new DOMParser().parseFromString(html, "text/html");
    const fresh = find<HTMLFormElement>("form#composer", page);
    if (!fresh) return;
    if (folded) find("[data-options]", fresh)?.setAttribute("open", "");
    form.replaceWith(document.adoptNode(fresh));
    const write = find(".compose-write", this.el);
    if (write) write.scrollTop = scroll;
  }

  /** usable says whether an answer holds the form; if not, it says why. */
  private usable(answer: Answer): boolean {
    if (answer.redirect) {
      show("out");
      return false;
    }
    if (answer.text.includes('id="composer"')) return true;
    const words = new DOMParser().parseFromString(answer.text, "text/html").querySelector(".toast p")?.textContent;
    show("refused", words || this.form().dataset.failed);
    announce(words || this.form().dataset.failed || "");
    return false;
  }

  /** focus goes where a change was made. */
  private focus(what: string): void {
    const [verb = "", key = ""] = what.split(" ");
    const texts = all(`[data-text="${CSS.escape(key)}"]`, this.form());
    if (verb === "add") {
      const last = texts.filter((t) => !t.closest("[data-comment]"));
      last[last.length - 1]?.focus();
    } else if (verb === "comment" || verb === "drop" || verb === "differ") {
      texts[texts.length - 1]?.focus();
    } else if (verb === "pick") {
      find("#picker-find", this.form())?.focus();
      find("#picker", this.form())?.scrollIntoView({ block: "nearest" });
    } else if (verb === "at") {
      find("#at", this.form())?.focus();
    }
  }

  /** finish saves, schedules or publishes; the page only leaves once the
   * server has it. */
  private finish(button: HTMLButtonElement): void {
    this.busy = this.busy.then(async () => {
      await this.saving.settle();
      const form = this.form();
      const data = new FormData(form);
      data.set(button.name, button.value);
      button.disabled = true;
      const answer = await send(form.action, data, "text/html");
      button.disabled = false;
      if (answer.redirect && !answer.redirect.startsWith("/studio/sign-in")) {
        this.saving.end(true);
        location.assign(answer.redirect);
        return;
      }
      if (!this.usable(answer)) return;
      this.replace(form, answer.text);
      this.refresh();
      const wrong = find(".notice[data-tone=bad], .conflict, .field-error:not([hidden])", this.form());
      wrong?.scrollIntoView({ block: "nearest" });
      announce(wrong?.textContent?.trim() ?? "");
    });
  }

  private paste(event: ClipboardEvent): void {
    this.take(Array.from(event.clipboardData?.files ?? []), event);
  }

  private dragOver(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.drop(this.partFor(event));
  }

  /** drop marks the part that a picture would fall into. */
  private drop(part: HTMLElement | null): void {
    for (const p of all(".part", this.el)) p.toggleAttribute("data-dropping", p === part);
  }

  private dropped(event: DragEvent): void {
    this.drop(null);
    this.take(Array.from(event.dataTransfer?.files ?? []), event);
  }

  private take(files: File[], event: Event): void {
    const pictures = files.filter((file) => file.type.startsWith("image/"));
    const part = this.partFor(event);
    if (pictures.length === 0 || !part) return;
    event.preventDefault();
    this.edit("refresh", describe(part), pictures);
  }

  private partFor(event: Event): HTMLElement | null {
    return closest(event, ".part") ?? find("[data-body]:not([hidden]) .part", this.el);
  }

  private key(event: KeyboardEvent): void {
    if (!(event.metaKey || event.ctrlKey) || event.defaultPrevented) return;
    const primary = find<HTMLButtonElement>("[data-primary]", this.form());
    if (event.key === "Enter") {
      event.preventDefault();
      primary?.click();
    } else if (event.key === "s") {
      event.preventDefault();
      if (this.form().dataset.save) void this.saving.flush();
      else primary?.click();
    }
  }

  private refresh(): void {
    for (const text of all<HTMLTextAreaElement>("textarea[data-text]", this.form())) {
      this.showText(text);
      this.tooLong(text);
    }
    this.count();
  }

  private count(): void {
    const form = this.form();
    for (const out of all<HTMLOutputElement>("output[data-counts]", form)) {
      const limits = JSON.parse(out.dataset.limits ?? "[]") as Limits[];
      const part = out.dataset.part === "-1" ? "" : `[data-part="${out.dataset.part}"]`;
      const texts = all<HTMLTextAreaElement>(`textarea[data-text="${CSS.escape(out.dataset.counts ?? "")}"]${part}`, form);
      tell(out, texts.flatMap((text) => limits.filter((l) => l.text > 0).map((l) => left(text.value, l, beside(l, form)))));
    }
  }

  /** showText puts the text into the previews of the channels that get it. */
  private showText(text: HTMLTextAreaElement): void {
    const places = `[data-shows="${CSS.escape(text.dataset.text ?? "")}"][data-part="${text.dataset.part}"]`;
    for (const place of all(places, this.form())) place.replaceChildren(...pieces(text.value));
    const cards = `[data-card="${CSS.escape(text.dataset.text ?? "")}"][data-part="${text.dataset.part}"]`;
    for (const card of all(cards, this.form())) {
      const host = firstLink(text.value);
      card.hidden = host === "";
      const name = find("[data-card-host]", card);
      if (name) name.textContent = host;
    }
  }

  /** tooLong refuses with words what no post may hold; it stays in the page. */
  private tooLong(text: HTMLTextAreaElement): boolean {
    const form = this.form();
    const most = Number(form.dataset.most);
    const over = text.value.length > most && Array.from(text.value).length > most;
    const note = find("[data-part-error]", text.closest(".part") ?? form);
    if (note) {
      note.hidden = !over;
      note.textContent = over ? (form.dataset.tooLong ?? "") : "";
    }
    text.setAttribute("aria-invalid", String(over));
    return over;
  }
}

/** chosen is what was chosen, in words; "" for what counts anyway. */
function chosen(field: HTMLInputElement | HTMLSelectElement): string {
  if (!(field instanceof HTMLSelectElement)) return field.value.trim();
  return field.selectedIndex <= 0 ? "" : (field.selectedOptions[0]?.text ?? "");
}

function left(text: string, limits: Limits, beside: number): { left: number; of: number } {
  const used = text.length > limits.text * 20 ? text.length : length(text, limits);
  return { left: limits.text - used - beside, of: limits.text };
}

/** beside is how much of the limit a channel's options take up. */
function beside(limits: Limits, form: HTMLFormElement): number {
  let n = 0;
  for (const o of limits.options ?? []) {
    const field = find<HTMLInputElement>(`[name="${CSS.escape(`option.${limits.channel}.${o.name}`)}"]`, form);
    if (field?.value.trim()) n += length(field.value.trim(), limits);
  }
  return n;
}

/** firstLink is the host of the first address in a text, as a card names it. */
function firstLink(text: string): string {
  const found = text.slice(0, 30_000).match(/https?:\/\/[^\s<>"]+/u)?.[0];
  if (!found) return "";
  try {
    return new URL(found.replace(/[.,;:!?)]+$/, "")).hostname.replace(/^www\./, "");
  } catch {
    return "";
  }
}

function tell(out: HTMLOutputElement, found: { left: number; of: number }[]): void {
  const tightest = found.sort((a, b) => a.left - b.left)[0];
  out.value = tightest ? `${tightest.left}`.replace("-", "\u2212") : "";
  if (!tightest) return;
  out.dataset.tone = tightest.left < 0 ? "bad" : tightest.left < tightest.of * (1 - near) ? "warn" : "quiet";
}

function pieces(text: string): Node[] {
  const out: Node[] = [];
  let end = 0;
  for (const found of text.slice(0, 30_000).matchAll(setOff)) {
    if (found.index > end) out.push(document.createTextNode(text.slice(end, found.index)));
    const link = document.createElement("span");
    link.className = "preview-link";
    link.textContent = found[0];
    out.push(link);
    end = found.index + found[0].length;
  }
  if (end < text.length) out.push(document.createTextNode(text.slice(end)));
  return out;
}

/** caretIn notes where somebody writes and gives what takes them back there. */
function caretIn(form: HTMLFormElement): () => void {
  const field = document.activeElement;
  if (!(field instanceof HTMLElement) || !form.contains(field) || !field.id) return () => {};
  const [start, end] = field instanceof HTMLTextAreaElement ? [field.selectionStart, field.selectionEnd] : [0, 0];
  return () => {
    const now = document.getElementById(field.id);
    now?.focus({ preventScroll: true });
    if (now instanceof HTMLTextAreaElement) now.setSelectionRange(start, end);
  };
}

/** describe gives a part the name of its files in the form. */
function describe(part: HTMLElement): HTMLElement {
  part.dataset.key = part.closest<HTMLElement>("[data-body]")?.dataset.body ?? "";
  return part;
}

function partOf(input: HTMLElement): HTMLElement | null {
  return input.closest(".part");
}

function progress(part: HTMLElement, form: HTMLFormElement): (percent: number) => void {
  const bar = find<HTMLProgressElement>("[data-progress]", part);
  if (bar) bar.hidden = false;
  announce(form.dataset.uploading ?? "");
  return (percent) => {
    if (bar) bar.value = percent;
  };
}
