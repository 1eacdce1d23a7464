// A button that puts a text on the clipboard. Where the browser has none, the
// button stays hidden and the text can be selected.
import { say } from "./toast";

export function startCopies(): void {
  if (!navigator.clipboard) return;
  document.documentElement.dataset.copies = "";
  document.addEventListener("click", (e) => {
    const button = (e.target as Element).closest<HTMLElement>("[data-copy]");
    if (!button) return;
    navigator.clipboard.writeText(button.dataset.copy ?? "").then(
      () => say(button.dataset.copied ?? ""),
      () => button.removeAttribute("data-copy"),
    );
  });
}
