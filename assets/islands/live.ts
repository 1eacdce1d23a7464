// Live updates: one stream for the whole browser. A SharedWorker holds it;
// where there is none, the tab that is visible and has the lock does, and
// tells the others. What arrives is a kind and an id, never content: elements
// with data-live fetch themselves again.
import { all } from "./dom";

/** Change is one thing that has changed. */
export interface Change {
  kind: string;
  id: string;
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
  port.onmessage = (event: MessageEvent<Change>) => apply(event.data);
  port.postMessage({ open: stream });
  addEventListener("pagehide", () => port.postMessage({ close: true }));
  addEventListener("pageshow", (event) => {
    if (event.persisted) port.postMessage({ open: stream });
  });
}

async function alone(stream: string): Promise<void> {
  const others = new BroadcastChannel(channel);
  others.onmessage = (event: MessageEvent<Change>) => apply(event.data);
  if (document.hidden) await visible();
  await navigator.locks?.request(channel, () => hold(stream, others));
  void alone(stream);
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
    source.onmessage = (event) => {
      sessionStorage.setItem(channel, event.lastEventId);
      const change = JSON.parse(event.data) as Change;
      others.postMessage(change);
      apply(change);
    };
    const leave = (): void => {
      if (!document.hidden) return;
      source.close();
      others.close();
      document.removeEventListener("visibilitychange", leave);
      done();
    };
    document.addEventListener("visibilitychange", leave);
  });
}

function resumed(stream: string): string {
  const last = sessionStorage.getItem(channel);
  return last ? `${stream}${stream.includes("?") ? "&" : "?"}last=${encodeURIComponent(last)}` : stream;
}

function apply(change: Change): void {
  document.dispatchEvent(new CustomEvent("rapport:live", { detail: change }));
  for (const el of all(`[data-live~="${CSS.escape(change.kind)}"]`)) {
    if (el.dataset.liveId && el.dataset.liveId !== change.id) continue;
    later(el);
  }
}

const due = new WeakSet<Element>();

/** later refreshes an element once for a burst of changes. */
function later(el: HTMLElement): void {
  if (due.has(el)) return;
  due.add(el);
  setTimeout(() => {
    due.delete(el);
    if (el.isConnected) window.htmx.trigger(el, "live");
  }, 150);
}
