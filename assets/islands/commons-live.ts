// What is new on a community's page, without loading it again. One stream for
// each page that is looked at carries numbers only; what they mean is loaded
// from the page's own address, as whoever looks may see it now. Without a
// stream the page stays as it is.

/** Sent is the data of a message about a topic. */
interface Sent {
  topic?: number;
  last?: number;
}

const restless = 3_000; // between two loads of the page
const nap = 60_000; // a page that nobody looks at lets go of its stream
const deaf = 70_000; // the server shows every 25 s that it is there
const longest = 300_000;
const quiet = 15_000; // between two sentences for who hears the page

/** live keeps the page true. begin starts what comes in anew. */
export function live(begin: (root: ParentNode) => void): void {
  let address = document.body.dataset["live"];
  if (!address) return;
  const page = new Page(begin);
  const others = "BroadcastChannel" in window ? new BroadcastChannel(`live${document.body.dataset["base"]}`) : null;
  let stream: AbortController | null = null;
  let tries = 0;
  let over = false;
  let timer = 0;

  const connect = async (): Promise<void> => {
    clearTimeout(timer);
    if (stream || over || document.hidden) return;
    const mine = (stream = new AbortController());
    others?.postMessage(0); // a browser has few connections: pages behind this one let go of theirs
    let wait = 0;
    let watch = 0;
    try {
      const answer = await fetch(page.stream(address!), { signal: mine.signal, cache: "no-store", headers: { Accept: "text/event-stream" } });
      if (!answer.ok || !answer.body) {
        wait = Number(answer.headers.get("Retry-After")) * 1000 || 0;
        over = answer.status !== 429 && answer.status < 500;
        if (over && tries > 0) page.gone();
        throw answer.status;
      }
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ; ) {
        clearTimeout(watch);
        watch = window.setTimeout(() => mine.abort(), deaf);
        const { value, done } = await reader.read();
        if (done) break;
        tries = 1;
        text += value;
        for (let i; (i = text.indexOf("\n\n")) >= 0; text = text.slice(i + 2)) hear(text.slice(0, i));
      }
    } catch {
      // It comes again below.
    }
    clearTimeout(watch);
    if (stream !== mine) return; // it was let go
    stream = null;
    page.missed();
    if (!over) timer = window.setTimeout(connect, Math.max(wait, Math.min(1_000 * 2 ** tries++, longest)) * (1 + Math.random()));
  };
  const hear = (message: string): void => {
    const event = /^event: (.*)/m.exec(message)?.[1];
    if (event) page.hear(event, JSON.parse(/^data: (.*)/m.exec(message)?.[1] ?? "{}") as Sent);
  };
  const rest = (): void => {
    clearTimeout(timer);
    const was = stream;
    stream = null;
    was?.abort();
    page.missed();
  };
  if (others) others.onmessage = () => document.hidden && rest();
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(rest, nap);
    else {
      void connect();
      page.soon();
    }
  });
  addEventListener("pagehide", rest);
  addEventListener("pageshow", (e) => e.persisted && void connect());
  // The first view comes first.
  const start = (): void => {
    timer = window.setTimeout(() => ("requestIdleCallback" in window ? requestIdleCallback(() => void connect()) : void connect()), 500 + 1_000 * Math.random());
  };
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
}

/** Page is what is shown, and what of it is out of date. */
class Page {
  private stale = false; // the page itself
  private told = false; // the bell
  private timer = 0;
  private loaded = 0;
  private spoken = 0;
  private speaking = 0;
  private mark = ""; // what the page was made of, once it was loaded again
  private list = document.querySelector<HTMLElement>("[data-replies]");
  private show = document.querySelector<HTMLAnchorElement>("[data-show]");
  private topics = new Set<string>(); // of a list, with something new
  private unseen = new Set<HTMLElement>(); // new replies
  private held: HTMLElement[] = []; // those of them that would move what is read
  private known = this.last(document); // the topic's last number when it was opened
  private beyond = this.known;
  private eyes = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) this.unseen.delete(one.target as HTMLElement);
    this.offer();
  });

  constructor(private begin: (root: ParentNode) => void) {
    this.show?.addEventListener("click", () => this.insert());
  }

  stream(address: string): string {
    return this.mark || address;
  }

  /** missed says that notices may have come unheard; of the page itself the
   *  stream tells when it begins again. */
  missed(): void {
    this.told = document.querySelector(".bell") !== null;
  }

  hear(event: string, sent: Sent): void {
    if (event === "notices") this.told = true;
    else if (!this.list && sent.topic) this.newer(`${sent.topic}`, sent.last ?? 0);
    else this.stale = true;
    this.soon();
  }

  /** soon loads what is out of date, not all readers at the same moment, and
   *  not while nobody looks. */
  soon(): void {
    if (this.timer || document.hidden || !(this.stale || this.told)) return;
    const wait = Math.max(150 + 850 * Math.random(), this.loaded + restless - Date.now());
    this.timer = window.setTimeout(async () => {
      this.loaded = Date.now();
      if (!document.hidden) await this.load();
      this.timer = 0;
      this.soon();
    }, wait);
  }

  private async load(): Promise<void> {
    const whole = this.stale;
    this.stale = this.told = false;
    try {
      const answer = await fetch(whole ? location.pathname + location.search : `${document.body.dataset["base"]}/notices/bell`, { headers: { Accept: "text/html" } });
      if (whole && answer.status < 500 && !answer.ok) return this.gone();
      if (!answer.ok) throw answer.status;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const bell = document.querySelector(".bell");
      const rung = fresh.querySelector(".bell");
      if (bell && rung) bell.replaceChildren(...rung.childNodes);
      if (!whole) return;
      this.mark = fresh.body.dataset["live"] ?? "";
      if (this.list) this.take(fresh);
      else for (const line of all("[data-last]", fresh)) this.newer(line.dataset["topic"]!, Number(line.dataset["last"]));
    } catch {
      this.stale ||= whole;
      this.told ||= !whole;
      this.loaded = Date.now() + 5_000 * Math.random();
    }
  }

  /** newer counts a topic of a list that has grown since it was shown. */
  private newer(topic: string, last: number): void {
    const line = document.querySelector<HTMLElement>(`.topic-line[data-topic="${topic}"]`);
    if (!this.show || last <= Number(line?.dataset["last"] ?? 0)) return;
    this.topics.add(topic);
    this.say(this.topics.size, location.pathname + location.search);
  }

  private last(of: Document): number {
    return Number(of.querySelector<HTMLElement>("[data-replies]")?.dataset["last"] ?? 0);
  }

  /** take brings a topic's page up to date where it stands. */
  private take(fresh: Document): void {
    let busy = false;
    const swap = (old: HTMLElement, now: HTMLElement): void => {
      if (same(old, now)) return;
      if (occupied(old)) {
        busy = true;
        return;
      }
      const copy = document.importNode(now, true);
      old.replaceWith(copy);
      if (this.unseen.delete(old)) this.watch(copy);
      this.begin(copy);
    };
    still(() => {
      for (const part of all("[data-now]")) {
        const now = fresh.querySelector<HTMLElement>(`[data-now="${part.dataset["now"]}"]`);
        if (now) swap(part, now);
      }
      for (const one of this.held) this.unseen.delete(one);
      this.held = [];
      for (const now of all("[data-replies] > .reply", fresh)) {
        const old = this.list!.querySelector<HTMLElement>(`:scope > [data-reply="${now.dataset["reply"]}"]`);
        if (old) swap(old, now);
        else this.held.push(document.importNode(now, true));
      }
    });
    this.beyond = this.last(fresh);
    for (const one of this.held) this.unseen.add(one);
    const end = this.list!.getBoundingClientRect().bottom;
    if (end > 72 && !all("form[data-write]").some(occupied)) this.insert();
    this.offer();
    if (busy) setTimeout(() => this.take(fresh), 2_000);
  }

  /** insert puts new replies where they belong. */
  private insert(): void {
    for (const one of this.held) {
      one.dataset["new"] = "";
      this.list!.append(one);
      this.watch(one);
      this.begin(one);
    }
    this.held = [];
  }

  private watch(one: HTMLElement): void {
    this.unseen.add(one);
    this.eyes.observe(one);
  }

  /** offer leads to new replies that are not in sight. */
  private offer(): void {
    if (!this.list) return;
    const { size, page } = this.list.dataset;
    const here = Math.max(this.known, Number(page) * Number(size));
    const count = this.unseen.size + Math.max(0, this.beyond - here);
    const [first] = this.unseen;
    const at = Math.ceil((here + 1) / Number(size));
    this.say(count, first ? `#${first.id}` : `${location.pathname}?page=${at}#${here + 1}`);
  }

  private say(count: number, href: string): void {
    if (!this.show) return;
    const { one, many } = this.show.dataset;
    const words = count === 1 ? one! : many!.replace("2", count.toLocaleString(document.documentElement.lang));
    this.show.hidden = count === 0;
    if (count === 0) return;
    this.show.href = href;
    this.show.querySelector("span")!.textContent = words;
    this.announce(words);
  }

  /** gone says that the page cannot be seen any more. */
  gone(): void {
    if (!this.show) return;
    this.show.hidden = false;
    this.show.href = location.pathname + location.search;
    this.show.querySelector("span")!.textContent = this.show.dataset["gone"]!;
    this.announce(this.show.dataset["gone"]!);
  }

  /** announce tells who hears the page, not more often than one can stand. */
  private announce(words: string): void {
    clearTimeout(this.speaking);
    this.speaking = window.setTimeout(() => {
      this.spoken = Date.now();
      const said = document.querySelector("[data-said-live]");
      if (said && said.textContent !== words) said.textContent = words;
    }, Math.max(0, this.spoken + quiet - Date.now()));
  }
}

function all(selector: string, from: ParentNode = document): HTMLElement[] {
  return [...from.querySelectorAll<HTMLElement>(selector)];
}

/** same compares what two elements show. Times pass without a change. */
function same(a: HTMLElement, b: HTMLElement): boolean {
  if (a.dataset["as"] !== undefined) return a.dataset["as"] === b.dataset["as"];
  const plain = (e: HTMLElement): string => e.outerHTML.replace(/(<time[^>]*>)[^<]*|(name="once" value=")[^"]*| (open|data-new)=""/g, "$1$2");
  return plain(a) === plain(b);
}

/** occupied reports whether somebody is at work in an element. */
function occupied(e: HTMLElement): boolean {
  return e.contains(document.activeElement) || e.querySelector("details[open]") !== null || [...e.querySelectorAll("textarea")].some((t) => t.value !== "");
}

/** still keeps in its place what is read while things above it change. */
function still(change: () => void): void {
  const mark = all(".topic-head, .reply[id]").find((e) => e.getBoundingClientRect().bottom > 72);
  const top = mark?.getBoundingClientRect().top ?? 0;
  const root = document.documentElement;
  root.style.overflowAnchor = "none";
  change();
  const now = mark?.id ? document.getElementById(mark.id) : mark;
  if (now && scrollY > 0) scrollBy({ top: now.getBoundingClientRect().top - top, behavior: "instant" });
  setTimeout(() => (root.style.overflowAnchor = ""), 200);
}
