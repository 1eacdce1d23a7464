// Uploads to the library: chosen files are sent at once, with progress, and
// files may be dropped anywhere on the page.
import { find } from "./dom";
import { send } from "./send";
import { say } from "./toast";

export function mount(el: HTMLElement): () => void {
  const form = find<HTMLFormElement>("form[data-upload]");
  const input = form ? find<HTMLInputElement>("input[type=file]", form) : null;
  if (!form || !input) return () => {};
  const gone = new AbortController();
  const upload = async (files: Iterable<File>): Promise<void> => {
    const data = new FormData();
    for (const file of files) data.append("file", file);
    if (!data.has("file")) return;
    const answer = await send(form.action, data, "text/html", (percent) => shown(el, percent));
    shown(el, null);
    if (answer.redirect) return location.assign(answer.redirect);
    const page = new DOMParser().parseFromString(answer.text, "text/html");
    say(page.querySelector(".notice p, .toast p")?.textContent || el.dataset.failed || "");
    form.reset();
  };
  const over = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    el.dataset.dropping = "";
  };
  const leave = (): void => void delete el.dataset.dropping;
  const drop = (event: DragEvent): void => {
    leave();
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    void upload(event.dataTransfer.files);
  };
  const options = { signal: gone.signal };
  input.addEventListener("change", () => void upload(input.files ?? []), options);
  document.addEventListener("dragover", over, options);
  document.addEventListener("dragleave", leave, options);
  document.addEventListener("drop", drop, options);
  return () => gone.abort();
}

function shown(el: HTMLElement, percent: number | null): void {
  const box = find("[data-progress]", el);
  const bar = find<HTMLProgressElement>("progress", el);
  const amount = find("[data-amount]", el);
  if (!box || !bar || !amount) return;
  box.hidden = percent === null;
  bar.value = percent ?? 0;
  amount.textContent = percent === null ? "" : `${percent} %`;
}
