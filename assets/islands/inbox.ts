// The inbox. The server draws list and thread; this opens conversations beside
// the list, answers to keys, keeps what is being written, counts it, and says
// who is there.
import { all, announce, closest, find, typing } from "./dom";
import { Draft } from "./draft";
import { here } from "./here";
import { names } from "./names";
import { clocks } from "./waiting";

interface Request {
  sourceElement?: HTMLElement;
  request?: { action: string };
  response?: { status: number };
}

type Swap = CustomEvent<{ ctx: Request }>;

export function mount(el: HTMLElement): () => void {
  const inbox = new Inbox(el);
  return () => inbox.leave();
}

class Inbox {
  private readonly gone = new AbortController();
  private readonly draft = new Draft(() => this.thread());
  private readonly stop: (() => void)[];
  private shown = "";
  private scrolled = 0;
  private next = ""; // the row that follows one that is done
  private readonly title: string; // of the list's own page

  constructor(private readonly el: HTMLElement) {
    const signal = this.gone.signal;
    document.addEventListener("keydown", (event) => this.key(event), { capture: true, signal });
    document.addEventListener("htmx:config:request", (event) => this.asking(event as Swap), { signal });
    document.addEventListener("htmx:before:request", (event) => this.sending(event as Swap), { signal });
    document.addEventListener("htmx:before:swap", (event) => this.before(event as Swap), { signal });
    document.addEventListener("htmx:after:swap", (event) => this.after(event as Swap), { signal });
    document.addEventListener("htmx:finally:request", (event) => this.sent(event as Swap), { signal });
    document.addEventListener("htmx:before:history:restore", (event) => this.travel(event as CustomEvent<{ path: string }>), { signal });
    el.addEventListener("click", (event) => this.click(event), { signal });
    el.addEventListener("input", (event) => this.input(event), { signal });
    el.addEventListener("change", () => this.count(), { signal });
    el.addEventListener("submit", (event) => this.submit(event), { capture: true, signal });
    const open = this.thread()?.dataset.title;
    this.title = open && document.title.startsWith(`${open} · `) ? document.title.slice(open.length + 3) : document.title;
    this.stop = [here(() => this.thread()), names(el), clocks(el)];
    this.opened(true);
    this.count();
  }

  leave(): void {
    this.gone.abort();
    for (const stop of this.stop) stop();
  }

  private thread(): HTMLElement | null {
    return find("#thread[data-conversation]", this.el);
  }

  private row(id: string): HTMLElement | null {
    return id ? find(`[data-talk="${CSS.escape(id)}"]`, this.el) : null;
  }

  private current(): string {
    return this.thread()?.dataset.conversation ?? "";
  }

  /** narrow says whether list and thread take turns. */
  private narrow(): boolean {
    const list = find(".inbox-list", this.el);
    const thread = find("#thread", this.el);
    return !list || !thread || list.offsetParent === null || thread.offsetParent === null;
  }

  /** opened puts things right after another conversation shows, or none. */
  private opened(first = false): void {
    const id = this.current();
    for (const row of all("[data-talk]", this.el)) {
      if (row.dataset.talk === id) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    if (id === this.shown) return;
    this.shown = id;
    document.title = id ? `${this.thread()?.dataset.title} · ${this.title}` : this.title;
    if (!id) return;
    this.draft.restore();
    this.toNews();
    if (first) this.row(id)?.scrollIntoView({ block: "nearest" });
    else announce(this.thread()?.dataset.title ?? "");
  }

  /** toNews scrolls to what came since the last answer, else to the end. */
  private toNews(): void {
    const scroll = find("#thread-scroll", this.el);
    if (!scroll) return;
    const linked = location.hash.startsWith("#message-") ? document.getElementById(location.hash.slice(1)) : null;
    const news = linked ?? find("[data-fresh]", scroll);
    if (news) scroll.scrollTop = news.offsetTop - scroll.offsetTop - 48;
    else scroll.scrollTop = scroll.scrollHeight;
  }

  private asking(event: Swap): void {
    const { sourceElement, request } = event.detail.ctx;
    if (sourceElement?.id !== "list" || !request) return;
    const url = new URL(request.action, location.href);
    url.searchParams.set("shown", `${Math.max(50, all("[data-talk]", sourceElement).length)}`);
    if (this.current()) url.searchParams.set("beside", this.current());
    request.action = url.pathname + url.search;
  }

  private sending(event: Swap): void {
    const source = event.detail.ctx.sourceElement;
    if (!source || !this.el.contains(source)) return;
    source.closest<HTMLElement>("[popover]")?.hidePopover();
    if (source.matches("[data-open-talk]")) this.scrolled = find(".list-scroll", this.el)?.scrollTop ?? 0;
    if (source.matches("[data-reply]")) source.dataset.sending = "";
  }

  private sent(event: Swap): void {
    delete event.detail.ctx.sourceElement?.dataset.sending;
  }

  /** submit lets a form go once until it is answered. */
  private submit(event: Event): void {
    const form = event.target as HTMLElement;
    if (form.dataset.sending === undefined) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  private before(event: Swap): void {
    const { sourceElement, response } = event.detail.ctx;
    const reply = sourceElement?.closest("#reply");
    if (reply) reply.removeAttribute("hx-morph-skip");
    const box = sourceElement?.matches("[data-reply]") ? sourceElement : null;
    if (box && response && response.status < 400) this.draft.done(box as HTMLFormElement);
  }

  private after(event: Swap): void {
    const { sourceElement: source, response } = event.detail.ctx;
    if (!source) return;
    const ok = !response || response.status < 400;
    if (source.matches("[data-open-talk]")) find("#inbox", this.el)?.setAttribute("data-open", "");
    this.opened();
    this.draft.refresh();
    this.count();
    if (source.matches("[data-reply]") && ok) this.toEnd();
    if (source.closest("[data-act-form], [data-reply], [data-bulk]") && ok) this.acted(source);
  }

  private toEnd(): void {
    const scroll = find("#thread-scroll", this.el);
    if (scroll) scroll.scrollTop = scroll.scrollHeight;
  }

  /** acted brings the list up to date at once, and goes on to the next where
   * one was done. */
  private acted(source: HTMLElement): void {
    if (source.matches("[data-bulk]")) this.none();
    const list = find("#list", this.el);
    if (list) window.htmx.trigger(list, "live", {}, false);
    const next = this.next;
    this.next = "";
    if (!next) return;
    if (this.narrow()) this.back();
    else this.open(this.row(next));
  }

  private open(row: HTMLElement | null): void {
    const link = row && find<HTMLAnchorElement>("[data-open-talk]", row);
    if (!link) return;
    for (const other of all("[data-cursor]", this.el)) other.removeAttribute("data-cursor");
    row.setAttribute("data-cursor", "");
    link.focus({ preventScroll: true });
    link.click();
  }

  /** travel answers the browser's back and forward without a new page. */
  private travel(event: CustomEvent<{ path: string }>): void {
    const path = event.detail.path.split("?")[0] ?? "";
    const root = new URL(this.el.dataset.list ?? "", location.href).pathname;
    if (path !== root && !path.startsWith(`${root}/`)) return;
    event.preventDefault();
    void this.fetch(event.detail.path, path !== root);
  }

  private async fetch(path: string, thread: boolean): Promise<void> {
    const options = { target: "#thread", swap: "outerHTML", headers: { "HX-Target": "section#thread" } };
    await window.htmx.ajax("GET", path, options);
    find("#inbox", this.el)?.toggleAttribute("data-open", thread);
    this.opened();
    if (thread) return;
    const scroll = find(".list-scroll", this.el);
    if (scroll && this.scrolled) scroll.scrollTop = this.scrolled;
  }

  private back(): void {
    const id = this.current();
    const link = find<HTMLAnchorElement>("[data-back]", this.el);
    if (!link) return;
    const path = link.getAttribute("href")?.split("#")[0] ?? "";
    history.pushState({ htmx: true }, "", path);
    void this.fetch(path, false).then(() => find<HTMLElement>("[data-open-talk]", this.row(id) ?? this.el)?.focus({ preventScroll: true }));
  }

  private click(event: MouseEvent): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    const answer = closest<HTMLAnchorElement>(event, "[data-answer]");
    const redo = closest(event, "[data-redo]");
    if (closest(event, "[data-back]")) {
      event.preventDefault();
      this.back();
    } else if (answer) {
      event.preventDefault();
      this.tab("answer");
      this.draft.to(answer.dataset.answer ?? "", answer.dataset.name ?? "", answer.dataset.public ?? "", answer.dataset.reach ?? "", answer.dataset.prefill ?? "");
    } else if (redo) {
      this.tab("answer");
      this.draft.write(redo.dataset.redo ?? "");
    } else if (closest(event, "[data-none]")) {
      this.none();
    }
  }

  private input(event: Event): void {
    if (event.target instanceof HTMLTextAreaElement && event.target.closest("#reply")) this.draft.typed(event.target);
  }

  /** tab shows the box for an answer or for a note, ready to write. */
  private tab(which: "answer" | "note"): void {
    const radio = find<HTMLInputElement>(`#tab-${which}`, this.el);
    if (!radio) return;
    radio.checked = true;
    const text = find<HTMLTextAreaElement>(`#${which}-text`, this.el);
    text?.focus();
    text?.setSelectionRange(text.value.length, text.value.length);
  }

  private count(): void {
    const out = find("[data-count]", this.el);
    const chosen = all(".talk-box:checked", this.el).length;
    if (!out || out.textContent === `${chosen}`) return;
    out.textContent = `${chosen}`;
    if (chosen > 0) announce(out.parentElement?.textContent?.trim() ?? "");
  }

  private none(): void {
    for (const box of all<HTMLInputElement>(".talk-box:checked", this.el)) box.checked = false;
    this.count();
  }

  private key(event: KeyboardEvent): void {
    if (event.defaultPrevented || find("dialog[open]")) return;
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) return this.send(event);
    if (event.key === "Escape") return this.escape(event);
    if (event.metaKey || event.ctrlKey || event.altKey || typing(event) || find("[popover].menu:popover-open")) return;
    if (this.act(event.key)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  private send(event: KeyboardEvent): void {
    const form = event.target instanceof Element ? event.target.closest("[data-reply]") : null;
    const button = form && find<HTMLButtonElement>("[data-primary]", form);
    if (!button) return;
    event.preventDefault();
    button.click();
  }

  private escape(event: KeyboardEvent): void {
    const text = event.target;
    if (!(text instanceof HTMLTextAreaElement) || !text.closest("#reply") || find(".names:not([hidden])", this.el)) return;
    event.preventDefault();
    text.blur();
    find("[data-open-talk]", this.row(this.current()) ?? document.createElement("i"))?.focus();
  }

  private act(key: string): boolean {
    switch (key) {
      case "r":
      case "n":
        if (!this.thread()) return false;
        this.tab(key === "r" ? "answer" : "note");
        return true;
      case "u":
        if (this.narrow()) this.back();
        else find("[data-open-talk]", this.row(this.current()) ?? this.el)?.focus();
        return true;
      case "e":
      case "s":
      case "a":
      case "l":
        return this.perform(key);
    }
    return false;
  }

  /** perform does what a key says: to all chosen, to the row with the cursor,
   * or to what is open. */
  private perform(key: string): boolean {
    if (all(".talk-box:checked", this.el).length > 0) return press(find(`.selection [data-act=${key}]`, this.el));
    const inThread = find("#thread", this.el)?.contains(document.activeElement) ?? false;
    const row = find("[data-talk][data-cursor]", this.el);
    const id = row?.dataset.talk ?? "";
    if (inThread || !row || id === this.current()) {
      const button = find(`.thread-acts [data-act=${key}]`, this.el);
      if (key === "e" && button?.getAttribute("value") === "done") this.next = this.following(this.current());
      return press(button);
    }
    if (key === "e") return this.finish(row);
    void this.then(row, key);
    return true;
  }

  private following(id: string): string {
    const rows = all("[data-talk]", this.el);
    const at = rows.findIndex((row) => row.dataset.talk === id);
    return (rows[at + 1] ?? rows[at - 1])?.dataset.talk ?? "";
  }

  /** finish calls the row's conversation done without opening it. */
  private finish(row: HTMLElement): boolean {
    const form = find<HTMLFormElement>("[data-bulk]", this.el);
    const box = find<HTMLInputElement>(".talk-box", row);
    const button = find<HTMLButtonElement>(".selection [data-act=e]", this.el);
    if (!form || !box || !button) return false;
    const next = this.row(this.following(row.dataset.talk ?? ""));
    row.removeAttribute("data-cursor");
    next?.setAttribute("data-cursor", "");
    find("[data-open-talk]", next ?? document.createElement("i"))?.focus({ preventScroll: true });
    box.checked = true;
    form.requestSubmit(button);
    return true;
  }

  private async then(row: HTMLElement, key: string): Promise<void> {
    const id = row.dataset.talk ?? "";
    this.open(row);
    for (let i = 0; i < 100 && this.current() !== id; i++) await new Promise((done) => setTimeout(done, 50));
    if (this.current() === id) press(find(`.thread-acts [data-act=${key}]`, this.el));
  }
}

/** press presses a button; a menu's first entry then has the focus. */
function press(button: HTMLElement | null): boolean {
  if (!button) return false;
  button.click();
  const menu = document.getElementById(button.getAttribute("popovertarget") ?? "");
  if (menu) find<HTMLElement>("button, a[href], input:not([type=hidden])", menu)?.focus();
  return true;
}
