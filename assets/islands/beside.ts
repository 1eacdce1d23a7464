// Who has a post open: says that this page does, and that somebody changes it,
// and asks who else. Beats are rare; what changes is heard from the stream.
import { find } from "./dom";

const beat = 30_000;
const again = 20_000;

export function mount(el: HTMLElement): () => void {
  const gone = new AbortController();
  const address = el.dataset.here ?? "";
  const edits = "editing" in el.dataset;
  let typed = 0;

  const tell = async (): Promise<void> => {
    if (document.hidden) return;
    const writing = edits && Date.now() - typed < beat;
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ writing: `${writing}` }), headers: { "HX-Request": "true" } }).catch(() => null);
    const line = find("#beside", el);
    if (answer?.ok && line) line.innerHTML = await answer.text();
  };
  const wrote = (event: Event): void => {
    if (!edits || !(event.target instanceof Element) || !event.target.closest("#composer")) return;
    const before = typed;
    typed = Date.now();
    if (typed - before > again) void tell();
  };
  const left = (): void => {
    navigator.sendBeacon(address, new URLSearchParams({ left: "true" }));
  };

  document.addEventListener("input", wrote, { signal: gone.signal });
  document.addEventListener("visibilitychange", () => void tell(), { signal: gone.signal });
  window.addEventListener("pagehide", left, { signal: gone.signal });
  const timer = setInterval(() => void tell(), beat);
  void tell();
  return () => {
    clearInterval(timer);
    gone.abort();
    left();
  };
}
