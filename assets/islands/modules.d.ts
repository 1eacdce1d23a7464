declare module "htmx.org/dist/htmx.esm.min.js";

interface Htmx {
  trigger(target: Element | string, event: string, detail?: unknown, bubbles?: boolean): void;
  process(target: Element): void;
  ajax(method: string, url: string, options?: unknown): Promise<void>;
}

interface Window {
  htmx: Htmx;
}
