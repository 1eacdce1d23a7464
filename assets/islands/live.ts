// Live updates: one stream for the whole browser. A SharedWorker holds it;
// where there is none, the tab that is visible and has the lock does, and
// tells the others. What arrives is a kind and an id, never content: elements
// with data-live and hx-trigger="live" fetch themselves again.
import { all } from "./dom";

/** Change is one thing that has changed; without a kind, anything may have. */
export interface Change {
  kind?: string; // "delivery.changed"
  subject?: string;
  brand?: string;
}

const channel = "rapport-live";

export function startLive(): void {
  const { liveStream: stream, liveWorker: worker } = document.body.dataset;
  if (!stream) return;
  if (worker && "SharedWorker" in window) share(worker, stream);
  else void alone(stream);
}

function share(worker: string, stream: string): void {
  const { port } = new SharedWorker(worker, { name: stream });
  port.onmessage = (event: MessageEvent<Change & { joined?: true }>) => {
    if (event.data.joined) document.documentElement.dataset.stream = "";
    else apply(event.data);
  };
  port.postMessage({ open: stream, from: document.body.dataset.liveFrom });
  addEventListener("pagehide", () => port.postMessage({ close: true }));
  addEventListener("pageshow", (event) => {
    if (event.persisted) port.postMessage({ open: stream });
  });
}

async function alone(stream: string): Promise<void> {
  const others = new BroadcastChannel(channel);
  others.onmessage = (event: MessageEvent<Change>) => apply(event.data);
  for (;;) {
    if (document.hidden) {
      await visible();
      apply({}); // what came meanwhile was not heard
    }
    if (!navigator.locks) return hold(stream, others);
    await navigator.locks.request(channel, () => hold(stream, others));
  }
}

/** resumed asks for what came after the page was made, once. */
function resumed(stream: string): string {
  const from = document.body.dataset.liveFrom;
  delete document.body.dataset.liveFrom;
  return from ? `${stream}?last=${encodeURIComponent(from)}` : stream;
}

function visible(): Promise<void> {
  return new Promise((done) => {
    const look = (): void => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      done();
    };
    document.addEventListener("visibilitychange", look);
  });
}

/** hold keeps the stream until this tab is hidden, so that another may. */
function hold(stream: string, others: BroadcastChannel): Promise<void> {
  return new Promise((done) => {
    const source = new EventSource(resumed(stream));
    const tell = (change: Change): void => {
      others.postMessage(change);
      apply(change);
    };
    const end = (): void => {
      source.close();
      document.removeEventListener("visibilitychange", leave);
    };
    const leave = (): void => {
      if (!document.hidden) return;
      end();
      done();
    };
    source.addEventListener("change", (event) => tell(JSON.parse(event.data) as Change));
    source.addEventListener("reset", () => tell({}));
    source.addEventListener("end", end);
    document.addEventListener("visibilitychange", leave);
  });
}

function apply(change: Change): void {
  document.dispatchEvent(new CustomEvent("rapport:live", { detail: change }));
  for (const el of all("[data-live]")) {
    if (concerns(el, change)) later(el);
  }
}

/** concerns says whether data-live names the kind ("delivery.changed") or its
 * noun ("delivery"), and data-live-id, where there is one, the subject. */
function concerns(el: HTMLElement, change: Change): boolean {
  if (!change.kind) return true;
  const kinds = (el.dataset.live ?? "").split(" ");
  const noun = change.kind.split(".")[0] ?? "";
  if (!kinds.includes(change.kind) && !kinds.includes(noun)) return false;
  return !el.dataset.liveId || el.dataset.liveId === change.subject;
}

const due = new WeakSet<Element>();
const done = new WeakMap<Element, number>();

const soon = 150;
const rest = 1500;

/** later refreshes an element once for a burst of changes, and in a long one
 * with a rest between, so that open pages are no load. */
function later(el: HTMLElement): void {
  if (due.has(el)) return;
  due.add(el);
  const since = Date.now() - (done.get(el) ?? 0);
  setTimeout(() => {
    due.delete(el);
    done.set(el, Date.now());
    if (el.isConnected) window.htmx.trigger(el, "live", {}, false);
  }, Math.max(soon, rest - since));
}
