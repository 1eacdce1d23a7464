// Cropping a picture. The island holds the <img>; its part is written into the
// hidden inputs x, y, width and height of the form around it, in pixels of the
// picture as it is stored.
import Cropper from "cropperjs";
import { all, closest, find } from "./dom";

export function mount(el: HTMLElement): () => void {
  const image = find<HTMLImageElement>("img", el);
  const form = el.closest("form");
  if (!image || !form) return () => {};
  const cropper = new Cropper(image, { container: el });
  const selection = cropper.getCropperSelection();
  const whole = Number(el.dataset.width) || image.naturalWidth;
  const high = Number(el.dataset.height) || image.naturalHeight;
  const canvas = cropper.getCropperCanvas();
  if (canvas) canvas.style.aspectRatio = `${whole} / ${high}`;
  find("cropper-handle[action=move]", el)?.setAttribute("theme-color", "transparent");

  const write = (): void => {
    const shown = cropper.getCropperImage()?.getBoundingClientRect();
    const frame = cropper.getCropperCanvas()?.getBoundingClientRect();
    if (!selection || !shown || !frame || shown.width === 0) return;
    const scale = whole / shown.width;
    const left = within((selection.x + frame.left - shown.left) * scale, whole);
    const top = within((selection.y + frame.top - shown.top) * scale, high);
    set(form, "x", left);
    set(form, "y", top);
    set(form, "width", within((selection.x + selection.width + frame.left - shown.left) * scale, whole) - left);
    set(form, "height", within((selection.y + selection.height + frame.top - shown.top) * scale, high) - top);
  };
  const ratio = (event: Event): void => {
    const button = closest(event, "[data-ratio]");
    if (!button || !selection) return;
    selection.aspectRatio = Number(button.dataset.ratio) || NaN;
    selection.$change(selection.x, selection.y, selection.width, selection.height);
    for (const b of all("[data-ratio]", form)) b.setAttribute("aria-pressed", String(b === button));
  };
  selection?.addEventListener("change", () => requestAnimationFrame(write));
  form.addEventListener("submit", write, true);
  form.addEventListener("click", ratio);
  return () => {
    form.removeEventListener("submit", write, true);
    form.removeEventListener("click", ratio);
    cropper.destroy();
  };
}

/** within keeps an edge inside the picture, in whole pixels. */
function within(value: number, most: number): number {
  return Math.min(most, Math.max(0, Math.round(value)));
}

function set(form: HTMLFormElement, name: string, value: number): void {
  const input = find<HTMLInputElement>(`input[name="${name}"]`, form);
  if (input) input.value = `${value}`;
}
