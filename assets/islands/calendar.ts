// The calendar by hand: month, week and day with cards that can be dragged.
// The server has rendered the same as a plain grid inside the element; this
// takes its place. Every time is a wall clock reading in the brand's zone and
// never goes through the browser's.
import { Calendar, createCalendar, DayGrid, destroyCalendar, Interaction, List, TimeGrid } from "@event-calendar/core";
import { announce, find, icon, make } from "./dom";
import { say } from "./toast";

/** Entry is one card. */
interface Entry {
  id: string;
  at: string; // "2026-11-22T09:30", in the brand's zone
  text: string; // the first line
  href: string;
  networks: string[]; // ids of glyphs: "net-demo"
  word: string; // the state's
  icon: string;
  tone: string;
  thumb?: string;
  planned?: boolean; // a draft with a wish
  fixed?: boolean; // may not be moved
  move?: string; // address that moves it, POST at=
}

/** Slot is a recurring time that is still free. */
interface Slot {
  at: string;
  text: string;
}

interface Data {
  entries: Entry[];
  slots?: Slot[];
}

/** Moved is what the server answers to a move. */
interface Moved {
  text: string; // what was done, or why not
  undo?: string;
  entry?: Entry;
}

const views: Record<string, string> = { month: "dayGridMonth", week: "timeGridWeek", day: "timeGridDay", list: "listWeek" };
const minute = 60_000;
// A post has no length; this is how high its card is.
const cardLength = 45 * minute;

export async function mount(el: HTMLElement): Promise<() => void> {
  const plain = find(":scope > [data-plain]", el);
  const stage = make("div", "calendar");
  el.append(stage);
  if (plain) plain.hidden = true;

  const data = JSON.parse(find("script[type='application/json']", el)?.textContent ?? '{"entries":[]}') as Data;
  const calendar = createCalendar(stage, [DayGrid, TimeGrid, List, Interaction], options(el, data));
  stage.addEventListener("pointerdown", (event) => pressed.set(el, event), true);
  const stops = [fineSteps(calendar), keys(stage, calendar), refresh(el, calendar)];
  return () => {
    for (const stop of stops) stop();
    void destroyCalendar(calendar);
    stage.remove();
    if (plain) plain.hidden = false;
  };
}

function options(el: HTMLElement, data: Data): Calendar.Options {
  const lang = document.documentElement.lang || "en";
  const { view = "week", date, offset = "+00:00", compose } = el.dataset;
  const more = el.dataset.more ?? "+#";
  return {
    view: views[view] ?? "timeGridWeek",
    date,
    timeZone: offset,
    locale: lang,
    firstDay: Number(el.dataset.firstDay ?? 1) as 0 | 1,
    height: "100%",
    headerToolbar: { start: "", center: "", end: "" },
    allDaySlot: false,
    dayMaxEvents: true,
    nowIndicator: true,
    editable: true,
    eventDurationEditable: false,
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    dayHeaderFormat: (day: Date) => dayHead(lang, view, day),
    slotDuration: "01:00",
    slotHeight: 80,
    slotEventOverlap: false,
    snapDuration: "00:15",
    scrollTime: "07:00",
    eventLongPressDelay: 350,
    moreLinkContent: (info: Calendar.MoreLinkInfo) => more.replace("#", `${info.num}`),
    events: events(data),
    eventContent: (info: Calendar.EventContentInfo) => ({ domNodes: card(info) }),
    eventDidMount: (info: Calendar.EventDidMountInfo) => mark(info),
    eventClick: (info: Calendar.EventClickInfo) => go(entry(info.event)?.href),
    eventDrop: (info: Calendar.EventDropInfo) => void drop(info),
    dateClick: (info: Calendar.DateClickInfo) => {
      if (compose && still(el, info.jsEvent)) go(compose + encodeURIComponent(info.dateStr.slice(0, 16)));
    },
  } as Calendar.Options;
}

function dayHead(lang: string, view: string, day: Date): string {
  const name = new Intl.DateTimeFormat(lang, { weekday: "short" }).format(day);
  return view === "month" ? name : `${name} ${day.getDate()}`;
}

const slip = 6;
const pressed = new WeakMap<HTMLElement, PointerEvent>();

/** still says whether the pointer is where it went down: a drag over empty
 * hours is no click. */
function still(el: HTMLElement, up: Calendar.DomEvent): boolean {
  const down = pressed.get(el);
  if (!down || !(up instanceof MouseEvent)) return true;
  return Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY) < slip;
}

function events(data: Data): Calendar.EventInput[] {
  const cards = data.entries.map((e) => input(e));
  const slots = (data.slots ?? []).map((s) => ({
    start: s.at,
    end: plus(s.at, cardLength),
    title: s.text,
    display: "background" as const,
    className: "slot",
  }));
  return [...cards, ...slots];
}

function input(e: Entry): Calendar.EventInput {
  return {
    id: e.id,
    start: e.at,
    end: plus(e.at, cardLength),
    title: e.text,
    startEditable: !e.fixed,
    className: e.planned ? "card planned" : "card",
    extendedProps: { entry: e },
  };
}

function entry(event: Calendar.Event): Entry | undefined {
  return event.extendedProps.entry as Entry | undefined;
}

/** plus adds to a wall clock reading; UTC is only the arithmetic. */
export function plus(at: string, ms: number): string {
  return new Date(Date.parse(`${at.slice(0, 16)}Z`) + ms).toISOString().slice(0, 16);
}

function go(href: string | undefined): void {
  if (href) location.assign(href);
}

function card(info: Calendar.EventContentInfo): Node[] {
  const e = entry(info.event);
  if (!e) return [document.createTextNode(String(info.event.title))];
  const head = make("span", "card-head");
  for (const network of e.networks.slice(0, 4)) head.append(icon(network, "glyph"));
  head.append(make("time", "", info.timeText.slice(0, 5)), icon(e.icon, "icon"), make("span", "sr-only", e.word));
  const body = make("span", "card-text", e.text);
  if (!e.thumb) return [head, body];
  const image = document.createElement("img");
  image.src = e.thumb;
  image.alt = "";
  image.loading = "lazy";
  body.prepend(image);
  return [head, body];
}

function mark(info: Calendar.EventDidMountInfo): void {
  const e = entry(info.event);
  if (!e) return;
  info.el.dataset.tone = e.tone;
  info.el.dataset.id = e.id;
  info.el.dataset.tip = `${e.at.slice(11)} · ${e.word} · ${e.text}`;
  info.el.tabIndex = 0;
  info.el.setAttribute("role", "link");
}

async function drop(info: Calendar.EventDropInfo): Promise<void> {
  const e = entry(info.event);
  if (!e) return;
  const { days, seconds } = info.delta;
  const done = await move(e, plus(e.at, days * 24 * 60 * minute + seconds * 1000));
  if (!done) info.revert();
  else e.at = done;
}

/** move asks the server; what it answers is said either way. */
async function move(e: Entry, at: string): Promise<string | null> {
  if (!e.move) return null;
  try {
    const answer = await fetch(e.move, {
      method: "POST",
      body: new URLSearchParams({ at }),
      headers: { Accept: "application/json" },
    });
    const moved = (await answer.json()) as Moved;
    say(moved.text, moved.undo);
    announce(moved.text);
    return answer.ok ? (moved.entry?.at ?? at) : null;
  } catch {
    say(find("#toasts")?.dataset.failed ?? "");
    return null;
  }
}

const steps: Record<string, number> = {
  ArrowUp: -15 * minute,
  ArrowDown: 15 * minute,
  ArrowLeft: -24 * 60 * minute,
  ArrowRight: 24 * 60 * minute,
};

/** keys: enter opens a card, alt with an arrow moves it. */
function keys(stage: HTMLElement, calendar: Calendar): () => void {
  const press = (event: KeyboardEvent): void => {
    const el = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-id]") : null;
    const found = el && calendar.getEventById(el.dataset.id ?? "");
    const e = found ? entry(found) : undefined;
    if (!e) return;
    if (event.key === "Enter") return go(e.href);
    const step = steps[event.key];
    if (!event.altKey || !step || e.fixed) return;
    event.preventDefault();
    void nudge(stage, calendar, e, step);
  };
  stage.addEventListener("keydown", press);
  return () => stage.removeEventListener("keydown", press);
}

async function nudge(stage: HTMLElement, calendar: Calendar, e: Entry, step: number): Promise<void> {
  const at = await move(e, plus(e.at, step));
  if (!at) return;
  e.at = at;
  calendar.updateEvent(input(e));
  requestAnimationFrame(() => find(`[data-id="${CSS.escape(e.id)}"]`, stage)?.focus());
}

/** fineSteps drags by 5 minutes while alt is held, else by 15. */
function fineSteps(calendar: Calendar): () => void {
  const set = (event: KeyboardEvent): void => {
    if (event.key === "Alt") calendar.setOption("snapDuration", event.type === "keydown" ? "00:05" : "00:15");
  };
  document.addEventListener("keydown", set);
  document.addEventListener("keyup", set);
  return () => {
    document.removeEventListener("keydown", set);
    document.removeEventListener("keyup", set);
  };
}

/** refresh reads the cards again after a change, and keeps the place. */
function refresh(el: HTMLElement, calendar: Calendar): () => void {
  const { source } = el.dataset;
  let timer = 0;
  const later = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void read(), 250);
  };
  const read = async (): Promise<void> => {
    if (!source) return;
    const answer = await fetch(source, { headers: { Accept: "application/json" } });
    if (answer.ok) calendar.setOption("events", events((await answer.json()) as Data));
  };
  document.addEventListener("rapport:live", later);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("rapport:live", later);
  };
}
