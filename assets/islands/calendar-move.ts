// What a move is: where a card goes, what the server says to it, and the way
// back if it says no.
import { all, announce, find } from "./dom";
import { say } from "./toast";

/** Answer is what the server says to a move. */
interface Answer {
  text: string;
  at?: string;
  undo?: string;
  past?: boolean; // that time has passed
}

const minute = 60_000;

/** plus adds to a clock reading; UTC is only the arithmetic. */
export function plus(at: string, minutes: number): string {
  return new Date(Date.parse(`${at.slice(0, 16)}Z`) + minutes * minute).toISOString().slice(0, 16);
}

/** cellOf is where the calendar shows a clock reading, if it does. */
export function cellOf(board: HTMLElement, at: string): HTMLElement | null {
  return find(`[data-hour="${at.slice(0, 13)}"]`, board) ?? find(`.cell[data-date="${at.slice(0, 10)}"]`, board);
}

/** place puts a card where its new time belongs and returns the way back. */
function place(board: HTMLElement, card: HTMLElement, at: string): () => void {
  const { parentElement: parent, nextElementSibling: next } = card;
  const { at: before = "" } = card.dataset;
  const time = find("time", card);
  const shown = time?.textContent ?? "";
  const cell = cellOf(board, at);
  card.dataset.at = at;
  if (time) time.textContent = at.slice(11);
  if (cell) cell.insertBefore(card, all(".card", cell).find((c) => c !== card && (c.dataset.at ?? "") > at) ?? find(".cell-more", cell));
  return () => {
    card.dataset.at = before;
    if (time) time.textContent = shown;
    parent?.insertBefore(card, next);
  };
}

/** move shows a card at its new time, asks the server, and puts the card back
 * where it was if the answer is no. */
export async function move(el: HTMLElement, card: HTMLElement, at: string): Promise<void> {
  const board = find("#calendar", el);
  const { move: address, instant = "" } = card.dataset;
  if (!board || !address || at === card.dataset.at) return;
  const focused = card === document.activeElement;
  const back = place(board, card, at);
  if (focused) card.focus();
  const answer = await ask(el, address, new URLSearchParams({ at, from: instant }));
  if (!answer.ok) {
    back();
    if (focused) card.focus();
  }
  tell(el, address, answer);
  if (answer.ok) window.htmx.trigger(board, "live");
}

function tell(el: HTMLElement, address: string, answer: Answer): void {
  const dialog = find<HTMLDialogElement>("#calendar-past", el);
  const form = find<HTMLFormElement>("form", dialog ?? undefined);
  if (answer.past && dialog && form) {
    form.action = address;
    dialog.showModal();
    return;
  }
  say(answer.text, answer.undo);
  announce(answer.text);
}

async function ask(el: HTMLElement, address: string, body: URLSearchParams): Promise<Answer & { ok: boolean }> {
  try {
    const response = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
    return { ...((await response.json()) as Answer), ok: response.ok };
  } catch {
    const words = JSON.parse(el.dataset.words ?? "{}") as { failed?: string };
    return { text: words.failed ?? "", ok: false };
  }
}
