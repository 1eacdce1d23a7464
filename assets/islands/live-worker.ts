// The stream of the whole browser. It runs in a SharedWorker, reconnects and
// resumes where it stopped, and closes when the last tab has gone.

interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

const ports = new Set<Port>();
let source: EventSource | null = null;
let last = "";

const longest = 30_000;
let wait = 1_000;

function open(stream: string): void {
  if (source) return;
  const address = last ? `${stream}${stream.includes("?") ? "&" : "?"}last=${encodeURIComponent(last)}` : stream;
  source = new EventSource(address);
  source.onopen = () => {
    wait = 1_000;
  };
  source.onmessage = (event) => {
    last = event.lastEventId || last;
    const change: unknown = JSON.parse(event.data);
    for (const port of ports) port.postMessage(change);
  };
  source.onerror = () => retry(stream);
}

/** retry takes over where EventSource gives up, as after an answer of 503. */
function retry(stream: string): void {
  if (source?.readyState !== EventSource.CLOSED) return;
  source = null;
  wait = Math.min(wait * 2, longest);
  setTimeout(() => {
    if (ports.size > 0) open(stream);
  }, wait * (0.75 + Math.random() / 2));
}

function close(port: Port): void {
  ports.delete(port);
  if (ports.size > 0) return;
  source?.close();
  source = null;
}

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const port = event.ports[0] as unknown as Port;
  port.onmessage = (message) => {
    if (message.data.close) return close(port);
    ports.add(port);
    open(message.data.open);
  };
};
