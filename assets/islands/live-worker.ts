// The stream of the whole browser. It runs in a SharedWorker, reconnects and
// resumes by itself, and closes when the last tab has gone.

interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

const ports = new Set<Port>();
let source: EventSource | null = null;
let over = false; // the session has ended

const longest = 30_000;
let wait = 1_000;

function tell(change: unknown): void {
  for (const port of ports) port.postMessage(change);
}

/** open begins the stream, with what came after the event from. */
function open(stream: string, again = false, from = ""): void {
  if (source || over) return;
  source = new EventSource(from ? `${stream}?last=${encodeURIComponent(from)}` : stream);
  source.addEventListener("ready", () => {
    wait = 1_000;
    if (again) tell({}); // what came meanwhile was not heard
    again = false;
  });
  source.addEventListener("change", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("reset", () => tell({}));
  source.addEventListener("end", () => {
    over = true;
    close();
  });
  source.onerror = () => retry(stream);
}

function close(): void {
  source?.close();
  source = null;
}

/** retry takes over where EventSource gives up, as after an answer of 503. */
function retry(stream: string): void {
  if (source?.readyState !== EventSource.CLOSED) return;
  source = null;
  wait = Math.min(wait * 2, longest);
  setTimeout(() => {
    if (ports.size > 0) open(stream, true);
  }, wait * (0.75 + Math.random() / 2));
}

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const port = event.ports[0] as unknown as Port;
  port.onmessage = (message) => {
    if (message.data.close) {
      ports.delete(port);
      if (ports.size === 0) close();
      return;
    }
    ports.add(port);
    port.postMessage({ joined: true });
    over = false; // a page has opened, so there may be a new session
    open(message.data.open, false, message.data.from);
  };
};
