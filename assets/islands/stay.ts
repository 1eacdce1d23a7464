// A form that leads back to its page leaves who works by keys where they stood:
// at the same button, or, where its row is gone, at the one of the next row.
import { all, find } from "./dom";

const kept = "rapport-stood";

type Stood = { path: string; row: string; n: number; name: string; value: string };

export function startStay(): void {
  document.addEventListener("submit", (event) => {
    const used = (event as SubmitEvent).submitter;
    const row = used?.closest<HTMLElement>("[data-stay]");
    if (event.defaultPrevented || !(used instanceof HTMLButtonElement) || !row || !used.matches(":focus-visible")) return;
    const where: Stood = { path: location.pathname, row: row.id, n: all("[data-stay]").indexOf(row), name: used.name, value: used.value };
    try {
      sessionStorage.setItem(kept, JSON.stringify(where));
    } catch {
      // a browser that keeps nothing begins at the top
    }
  });
  standAgain();
}

function standAgain(): void {
  let said: string | null = null;
  try {
    said = sessionStorage.getItem(kept);
    sessionStorage.removeItem(kept);
  } catch {
    return;
  }
  if (!said) return;
  const where = JSON.parse(said) as Stood;
  if (where.path !== location.pathname) return;
  const rows = all("[data-stay]");
  const row = rows.find((r) => r.id === where.row) ?? rows[Math.min(where.n, rows.length - 1)];
  const at = row ? inRow(row, where) : find("#content");
  at?.focus({ preventScroll: true });
  at?.scrollIntoView({ block: "nearest" });
}

/** inRow is what was wrong in the row, or the same button, or the first that can
 *  be used. */
function inRow(row: HTMLElement, where: Stood): HTMLElement | null {
  const open = all<HTMLButtonElement>("button", row).filter((b) => !b.disabled && b.checkVisibility());
  return find("[aria-invalid=true]", row) ?? open.find((b) => b.name === where.name && b.value === where.value) ?? open[0] ?? find("summary, a[href]", row);
}
