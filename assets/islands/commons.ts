// What scripts add to a community's pages: tools for writing, a preview, drafts
// that are kept, small forms that need no new page, and times that stay true.
// Without it every page works.
import { live } from "./commons-live";

function all<T extends Element>(selector: string, from: ParentNode = document): T[] {
  return [...from.querySelectorAll<T>(selector)];
}

/** Small forms answer with the page they lead to: only their part of it is
 *  taken over, so that nobody loses their place. */
document.addEventListener("submit", async (e) => {
  const form = e.target as HTMLFormElement;
  if (!form.matches("[data-part]")) return;
  const part = form.closest<HTMLElement>("[id^='acts-'], .follow");
  if (!part) return;
  e.preventDefault();
  const body = new URLSearchParams(new FormData(form, (e as SubmitEvent).submitter as HTMLElement) as unknown as Record<string, string>);
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = part.id ? page.getElementById(part.id) : page.querySelector(".follow");
    if (!fresh) throw new Error("no part");
    const at = part.contains(document.activeElement) ? spotOf(document.activeElement!, part) : null;
    part.replaceWith(document.adoptNode(fresh));
    if (at) inSpot(fresh, at)?.focus({ preventScroll: true });
  } catch {
    form.removeAttribute("data-part");
    form.requestSubmit((e as SubmitEvent).submitter as HTMLElement);
  }
});

/** Spot is where a control stands in its part, so that the same one is found in
 *  the part as it is afterwards. */
type Spot = { css: string; n: number };

function spotOf(used: Element, part: ParentNode): Spot {
  const menu = used.closest("details.menu");
  if (menu) return { css: "details.menu > summary", n: all("details.menu", part).indexOf(menu as HTMLElement) };
  if (used.matches(".reaction")) return { css: `.reaction[value="${CSS.escape((used as HTMLButtonElement).value)}"]`, n: 0 };
  return { css: "button", n: all("button", part).indexOf(used as HTMLElement) };
}

/** inSpot is the control in a spot; where it is gone, the first there is. */
function inSpot(part: ParentNode, at: Spot): HTMLElement | undefined {
  return all<HTMLElement>(at.css, part)[at.n] ?? all<HTMLElement>(":is(summary, button, a[href])", part).find((e) => e.checkVisibility());
}

/** What leads to a new view of the page leaves who works by keys at the control
 *  they used, and who quotes in the box, behind the quotation. */
const stood = "rapport-stood";
document.addEventListener("submit", (e) => {
  const used = (e as SubmitEvent).submitter as HTMLButtonElement | null;
  if (e.defaultPrevented || !used) return;
  if (used.name === "quote") return stand({ path: location.pathname, part: "", at: { css: "#text", n: 0 } });
  if (!used.matches(":focus-visible")) return;
  const reply = used.closest<HTMLElement>("[data-reply]");
  const part = used.closest(".reply-acts, .topic-tools") ?? reply;
  if (!part) return;
  stand({ path: location.pathname, part: reply ? `[data-reply="${reply.dataset["reply"]}"]` : ".topic-tools", at: spotOf(used, reply ?? part) });
});

type Stood = { path: string; part: string; at: Spot };

function stand(where: Stood): void {
  try {
    sessionStorage.setItem(stood, JSON.stringify(where));
  } catch {
    // a browser that keeps nothing begins at the top
  }
}

function standAgain(): void {
  let kept: string | null = null;
  try {
    kept = sessionStorage.getItem(stood);
    sessionStorage.removeItem(stood);
  } catch {
    return;
  }
  if (!kept) return;
  const { path, part, at } = JSON.parse(kept) as Stood;
  if (path !== location.pathname) return;
  const root = part ? document.querySelector(part) : document;
  const there = root && inSpot(root, at);
  if (!there) return;
  there.focus({ preventScroll: part !== "" });
  if (there instanceof HTMLTextAreaElement) there.setSelectionRange(there.value.length, there.value.length);
}

/** A menu closes when one looks elsewhere. */
document.addEventListener("click", (e) => {
  for (const menu of all<HTMLDetailsElement>("details.menu[open]")) {
    if (!menu.contains(e.target as Node)) menu.open = false;
  }
});
document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  for (const menu of all<HTMLDetailsElement>("details.menu[open]")) {
    menu.open = false;
    menu.querySelector<HTMLElement>("summary")?.focus();
  }
});

/** What is shown now is in sight in a row of chips that is moved sideways. */
const rail = document.querySelector<HTMLElement>(".rail");
const here = rail?.querySelector<HTMLElement>("[aria-current=page]");
if (rail && here) rail.scrollLeft += here.getBoundingClientRect().left - rail.getBoundingClientRect().left - (rail.clientWidth - here.offsetWidth) / 2;

start(document);
// Not before the browser has gone to the reply that the address names: it takes
// the focus away as it does.
if (document.readyState === "complete") standAgain();
else addEventListener("load", standAgain, { once: true });
live(start);

function start(root: ParentNode): void {
  /** What is moved sideways can be moved by keys where the browser does not see
   *  to it by itself. */
  for (const wide of all(".prose pre, .prose table", root)) if (wide.scrollWidth > wide.clientWidth) wide.setAttribute("tabindex", "0");
  for (const editor of all<HTMLElement>("[data-editor]", root)) startEditor(editor);
  for (const form of all<HTMLFormElement>("form[data-write]", root)) startForm(form);
}

function startEditor(editor: HTMLElement): void {
  const text = editor.querySelector("textarea")!;
  const tools = editor.querySelector<HTMLElement>(".editor-tools")!;
  const preview = editor.querySelector<HTMLElement>(".editor-preview")!;
  const look = editor.querySelector<HTMLButtonElement>("[data-look]")!;
  tools.hidden = false;
  watchLength(editor, text);
  tools.addEventListener("click", (e) => {
    const tool = (e.target as Element).closest<HTMLElement>("button");
    if (!tool) return;
    if (tool.dataset["wrap"]) wrap(text, tool.dataset["wrap"], tool.dataset["wrap"]);
    else if (tool.dataset["lead"]) lead(text, tool.dataset["lead"]);
    else if ("link" in tool.dataset) wrap(text, "[", "](https://)");
  });
  text.addEventListener("keydown", (e) => {
    if (!(e.metaKey || e.ctrlKey)) return;
    if (e.key === "b") wrap(text, "**", "**");
    else if (e.key === "i") wrap(text, "_", "_");
    else if (e.key === "Enter") text.form?.requestSubmit();
    else return;
    e.preventDefault();
  });
  const words = look.textContent;
  look.addEventListener("click", async () => {
    const show = preview.hidden;
    if (show && tooLong(text)) return text.focus(); // the field says it
    if (show) {
      try {
        const answer = await fetch(editor.dataset["preview"]!, { method: "POST", body: new URLSearchParams({ text: text.value }) });
        if (!answer.ok) return say(editor, await refusal(answer, editor));
        preview.innerHTML = await answer.text(); // made and cleaned by the server
      } catch {
        return say(editor, editor.dataset["failed"]!);
      }
    }
    preview.hidden = !show;
    text.hidden = show;
    look.textContent = show ? look.dataset["back"]! : words;
    if (!show) text.focus();
  });
  const add = async (file: File): Promise<void> => {
    const body = new FormData();
    body.append("picture", file);
    try {
      const answer = await fetch(editor.dataset["pictures"]!, { method: "POST", body });
      const said = (await answer.json()) as { markdown?: string; error?: string };
      if (said.markdown) insert(text, said.markdown.replace("![]", `![${file.name.replace(/\.[a-z]+$/i, "").replace(/[[\]]/g, "")}]`));
      else say(editor, said.error ?? editor.dataset["failed"]!);
    } catch {
      say(editor, editor.dataset["failed"]!);
    }
  };
  const chooser = tools.querySelector<HTMLInputElement>("[data-picture]");
  chooser?.addEventListener("change", () => {
    for (const file of chooser.files ?? []) void add(file);
    chooser.value = "";
  });
  const take = (e: Event, files?: FileList): void => {
    const pictures = [...(files ?? [])].filter((f) => f.type.startsWith("image/"));
    if (!pictures.length) return;
    e.preventDefault();
    for (const f of pictures) void add(f);
  };
  text.addEventListener("paste", (e) => take(e, e.clipboardData?.files));
  text.addEventListener("drop", (e) => take(e, e.dataTransfer?.files));
}

/** tooLong is how many characters a text has, as the server counts them, where
 *  that is more than a post holds; 0 where it fits. */
function tooLong(text: HTMLTextAreaElement): number {
  const most = Number(text.dataset["most"]);
  const { value } = text;
  if (!most || value.length <= most) return 0;
  let n = value.length;
  for (let i = 0; i < value.length; i++) if ((value.charCodeAt(i) & 0xfc00) === 0xdc00) n--; // the second half of a pair
  return n > most ? n : 0;
}

/** A text that is too long for a post stays whole, and the field says so at once.
 *  A browser that finds the direction of a field with many lines (dir=auto) takes
 *  a quarter of a minute for a million characters, and seconds to lay them out
 *  where each line finds its own and the field its height. The stylesheet lets
 *  lines find theirs without the attribute, and what nobody can send needs none
 *  of it (data-long in form.css). */
function watchLength(editor: HTMLElement, text: HTMLTextAreaElement): void {
  const note = document.getElementById("text-note");
  if (!note || text.maxLength < 0) return;
  const most = text.maxLength;
  text.dataset["most"] = `${most}`;
  text.removeAttribute("dir");
  text.removeAttribute("maxlength"); // it would cut what is pasted without a word
  const usual = [...note.childNodes];
  const was = { name: note.className, invalid: text.getAttribute("aria-invalid") ?? "false" };
  const look = (): void => {
    const n = tooLong(text);
    text.toggleAttribute("data-long", n > 0);
    if (!n) {
      if (note.dataset["over"] === undefined) return;
      delete note.dataset["over"];
      note.className = was.name;
      note.removeAttribute("role");
      text.setAttribute("aria-invalid", was.invalid);
      note.replaceChildren(...usual);
      return;
    }
    const words = editor.dataset["long"]!.replace("{n}", n.toLocaleString(document.documentElement.lang));
    if (note.dataset["over"] === undefined) {
      note.dataset["over"] = "";
      note.className = "wrong";
      note.setAttribute("role", "alert");
      text.setAttribute("aria-invalid", "true");
    }
    note.textContent = words;
  };
  text.addEventListener("beforeinput", (e) => {
    const more = e.data ?? e.dataTransfer?.getData("text/plain") ?? "";
    if (text.value.length + more.length > 2 * most) text.setAttribute("data-long", "");
  });
  text.addEventListener("input", look);
  look();
}

/** refusal is why the server did not do it, in its words where it has some. */
async function refusal(answer: Response, editor: HTMLElement): Promise<string> {
  const failed = editor.dataset["failed"]!;
  return answer.json().then((said: { error?: string }) => said.error ?? failed, () => failed);
}

function say(near: HTMLElement, words: string): void {
  near.parentElement?.querySelector("[data-said]")?.remove();
  const p = document.createElement("p");
  p.className = "wrong";
  p.dataset["said"] = "";
  p.setAttribute("role", "alert");
  p.textContent = words;
  near.after(p);
}

/** insert puts words where the cursor is, so that undo knows of them. */
function insert(text: HTMLTextAreaElement, words: string): void {
  text.focus();
  if (!document.execCommand("insertText", false, words)) text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
}

function wrap(text: HTMLTextAreaElement, before: string, after: string): void {
  const chosen = text.value.slice(text.selectionStart, text.selectionEnd);
  const at = text.selectionStart + before.length;
  insert(text, before + chosen + after);
  text.setSelectionRange(at, at + chosen.length);
}

function lead(text: HTMLTextAreaElement, mark: string): void {
  const from = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
  const chosen = text.value.slice(from, text.selectionEnd);
  text.setSelectionRange(from, text.selectionEnd);
  insert(text, chosen.split("\n").map((l) => mark + l).join("\n"));
}

/** kept says where the draft is, or why it is nowhere: who hears the page is told
 *  of that alone. */
function kept(place: HTMLElement | null, words: string, refused = false): void {
  if (!place) return;
  place.className = refused ? "wrong" : "muted";
  if (refused) place.setAttribute("role", "alert");
  else place.removeAttribute("role");
  place.textContent = refused ? `${place.dataset["unkept"]} ${words}`.trim() : words;
}

/** What is being written is kept while one writes. */
function startForm(form: HTMLFormElement): void {
  let busy = false;
  const text = form.querySelector<HTMLTextAreaElement>("[data-editor] textarea");
  form.addEventListener("submit", (e) => {
    if (text && tooLong(text)) {
      e.preventDefault();
      text.focus();
      return;
    }
    if (busy) e.preventDefault();
    busy = true;
    setTimeout(() => (busy = false), 4000);
  });
  const editor = form.querySelector<HTMLElement>("[data-editor]");
  const topic = form.dataset["draft"];
  if (!editor || topic === undefined) return;
  const saved = form.querySelector<HTMLElement>("[data-saved]");
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    if (tooLong(text!) > 2 * Number(text!.dataset["most"])) return kept(saved, "", true); // it says at the field why
    waiting = window.setTimeout(async () => {
      const body = new URLSearchParams({ topic });
      for (const name of ["text", "title", "space"]) {
        const field = form.elements.namedItem(name) as HTMLInputElement | null;
        if (field) body.set(name, field.value);
      }
      try {
        const answer = await fetch(editor.dataset["keep"]!, { method: "POST", body });
        if (answer.ok) kept(saved, ((await answer.json()) as { saved: string }).saved);
        else kept(saved, await refusal(answer, editor), true);
      } catch {
        kept(saved, editor.dataset["failed"]!, true);
      }
    }, 1200);
  });
}

/** The proof of work that a sign-up asks for: many small sums, done here from
 *  the moment somebody begins to fill in the form, so that who only reads it is
 *  not kept waiting. */
const proof = document.querySelector<HTMLInputElement>("[data-proof]");
if (proof?.form) startProof(proof, proof.form);

function startProof(field: HTMLInputElement, form: HTMLFormElement): void {
  let proving: Promise<void> | undefined;
  // A page over plain http has no crypto.subtle: it sends the form as one without
  // scripts would.
  let over = !crypto.subtle;
  const begin = (): Promise<void> =>
    (proving ??= prove(field)
      .catch(() => {})
      .finally(() => (over = true)));
  if (!over) form.addEventListener("focusin", () => void begin(), { once: true });
  form.addEventListener(
    "submit",
    (e) => {
      if (over) return;
      e.preventDefault();
      e.stopImmediatePropagation();
      void begin().then(() => form.requestSubmit((e as SubmitEvent).submitter as HTMLElement));
    },
    { capture: true },
  );
}

async function prove(field: HTMLInputElement): Promise<void> {
  const challenge = field.dataset["proof"]!;
  const bits = Number(field.dataset["bits"]);
  const coder = new TextEncoder();
  for (let n = 0; ; n++) {
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", coder.encode(`${challenge}${n}`)));
    let zeros = 0;
    for (const b of sum) {
      if (b === 0) zeros += 8;
      else {
        zeros += Math.clz32(b) - 24;
        break;
      }
    }
    if (zeros >= bits) {
      field.value = `${n}`;
      return;
    }
  }
}
