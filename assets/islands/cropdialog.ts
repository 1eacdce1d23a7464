// The dialog in which a picture of the composer is cropped. It holds the same
// form as the page that the link leads to.
import { find, make } from "./dom";
import { send } from "./send";

/** cropIn opens the dialog and answers with the id of the picture as it is
 * now, or with null if nothing was cropped. */
export async function cropIn(link: HTMLAnchorElement): Promise<string | null> {
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return null;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.dataset.wide = "";
  dialog.dataset.lightDismiss = "";
  dialog.setAttribute("aria-label", link.getAttribute("aria-label") ?? "");
  const body = make("div", "dialog-body");
  body.innerHTML = await answer.text();
  dialog.append(body);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    let id: string | null = null;
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(id);
    });
    dialog.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target as HTMLFormElement;
      void cropped(form).then((now) => {
        if (!now) return;
        id = now;
        dialog.close();
      });
    });
  });
}

async function cropped(form: HTMLFormElement): Promise<string | null> {
  const fields = Array.from(new FormData(form)).map(([name, value]): [string, string] => [name, `${value}`]);
  const answer = await send(form.action, new URLSearchParams(fields), "application/json");
  const said = answer.json ? (JSON.parse(answer.text) as { text: string; id?: string }) : { text: "" };
  if (answer.status === 200 && said.id) return said.id;
  const note = find("[data-crop-error]", form);
  if (note) {
    note.hidden = false;
    note.textContent = said.text;
  }
  return null;
}
