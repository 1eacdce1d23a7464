// <rapport-island data-island="chart"> loads what it names when it appears and
// lets go when it leaves, so that a swapped page leaks nothing.
import { mount as ask } from "./ask";
import { mount as beside } from "./beside";
import { mount as choose } from "./choose";
import { mount as names } from "./mention";
import { whenSeen } from "./seen";
import { mount as upload } from "./upload";

/** Island is what a module of an island exports as mount. */
export type Mount = (el: HTMLElement) => (() => void) | Promise<() => void>;

const desk = (name: "calendar" | "composer" | "inbox") => async (): Promise<{ mount: Mount }> => ({
  mount: (await import("./desk"))[name],
});

const modules: Record<string, () => Promise<{ mount: Mount }>> = {
  chart: async () => ({ mount: whenSeen(() => import("./chart")) }),
  crop: () => import("./crop"),
  ask: async () => ({ mount: ask }),
  calendar: desk("calendar"),
  beside: async () => ({ mount: beside }),
  choose: async () => ({ mount: choose }),
  composer: desk("composer"),
  inbox: desk("inbox"),
  names: async () => ({ mount: names }),
  upload: async () => ({ mount: upload }),
};

class RapportIsland extends HTMLElement {
  private leave: (() => void) | null = null;

  async connectedCallback(): Promise<void> {
    const load = modules[this.dataset.island ?? ""];
    if (!load) return;
    const { mount } = await load();
    if (!this.isConnected || this.leave) return;
    this.leave = await mount(this);
    this.dataset.ready = "";
    if (!this.isConnected) this.disconnectedCallback();
  }

  disconnectedCallback(): void {
    this.leave?.();
    this.leave = null;
    delete this.dataset.ready;
  }
}

customElements.define("rapport-island", RapportIsland);
