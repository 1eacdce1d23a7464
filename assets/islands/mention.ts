// A list of comments: names of the team behind an @, and ⌘ ↵ to send.
import { find } from "./dom";
import { names } from "./names";

export function mount(el: HTMLElement): () => void {
  const gone = new AbortController();
  const end = names(el);
  el.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
    const form = event.target instanceof HTMLTextAreaElement ? event.target.form : null;
    const button = form && find<HTMLButtonElement>("button[type=submit]", form);
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    button.click();
  }, { signal: gone.signal });
  return () => {
    end();
    gone.abort();
  };
}
