// Who has a conversation open: says that this page does, and that somebody
// writes in it, and asks who else.
import { find } from "./dom";

const beat = 30_000;
const typingBeat = 5_000;

/** here begins to say so and returns what ends it. */
export function here(thread: () => HTMLElement | null): () => void {
  const gone = new AbortController();
  let at = "";
  let typed = 0;

  const tell = async (writing: boolean): Promise<void> => {
    const address = thread()?.dataset.here;
    if (!address || document.hidden) return;
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ writing: `${writing}` }), headers: { "HX-Request": "true" } }).catch(() => null);
    if (answer?.ok && at === address) refresh();
  };
  const look = (): void => {
    const address = thread()?.dataset.here ?? "";
    if (address === at) return;
    left(at);
    at = address;
    void tell(false);
  };
  const wrote = (event: Event): void => {
    if (!(event.target instanceof HTMLTextAreaElement) || event.target.id !== "answer-text") return;
    const now = Date.now();
    if (now - typed < typingBeat) return;
    typed = now;
    void tell(true);
  };

  document.addEventListener("htmx:after:swap", look, { signal: gone.signal });
  document.addEventListener("input", wrote, { signal: gone.signal });
  document.addEventListener("visibilitychange", () => void tell(false), { signal: gone.signal });
  window.addEventListener("pagehide", () => left(at), { signal: gone.signal });
  const timer = setInterval(() => void tell(Date.now() - typed < 2 * typingBeat), beat);
  look();
  return () => {
    clearInterval(timer);
    gone.abort();
    left(at);
  };
}

function left(address: string): void {
  if (address) navigator.sendBeacon(address, new URLSearchParams({ left: "true" }));
}

function refresh(): void {
  const line = find("#presence");
  if (line) window.htmx.trigger(line, "live", {}, false);
}
