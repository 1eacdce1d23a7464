// How long a text is for a network, counted as the server counts it.

/** Limits are the part of a network's limits that text needs, as the server
 * gives them. */
export interface Limits {
  text: number; // 0 is no limit
  unit: string;
  url_length?: number; // every address counts as this many
  mentions_local?: boolean; // of @user@host only @user counts
  channel?: string;
  options?: { name: string }[]; // those whose length counts with the text
}

// What counts as an address: internal/network/entity.go says the same, and why.
const white = String.raw`\t\n\v\f\r \u{85}\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}`;
const beyond = String.raw`\u{a0}-\u{d7ff}\u{e000}-\u{fdcf}\u{fdf0}-\u{ffef}\u{10000}-\u{1fffd}\u{20000}-\u{2fffd}\u{30000}-\u{10fffd}`;
const label = String.raw`[^${white}\0-\x1f\x7f!"#$%&'\(\)*+,\-.\/:;<=>?@\[\]\^_\u{60}\{\|\}~\u{202a}-\u{202e}\u{feff}\u{fffe}\u{ffff}]`;
const inPath = String.raw`[^${white}<>\(\)?]`;
const endOfPath = String.raw`[^${white}\(\)?!*"'「」<>;:=,.$%\[\]~&\|@]`;
const balanced = String.raw`\((?:${inPath}+|${inPath}*\(${inPath}+\)${inPath}*)\)`;
const path = String.raw`(?:${inPath}*(?:${balanced}${inPath}*)*(?:${endOfPath}|${balanced})|${inPath}+\/)`;
const inQuery = String.raw`[a-z0-9!?*'\(\);:&=+$\/%#\[\]\-_.,~\|@\^${beyond}]`;
const endQuery = String.raw`[a-z0-9_&=#\/\-${beyond}]`;
const address = new RegExp(
  String.raw`(?:^|[^a-z0-9@＠$#＃\u{feff}\u{fffe}\u{ffff}])` +
    String.raw`((?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini):\/\/` +
    String.raw`(?:(?:${label}(?:[_\-]|${label})*)?${label}\.)*` +
    String.raw`(?:${label}(?:-|${label})*)?${label}\.(?:xn--[0-9a-z]+|[\p{L}\p{M}]{2,}))` +
    String.raw`((?::[0-9]+)?(?:\/${path}*)?(?:\?${inQuery}*${endQuery})?)`,
  "giu",
);
const named = /@[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*(@[\p{L}\p{M}\p{Nd}\p{Pc}.-]+[\p{L}\p{M}\p{Nd}\p{Pc}])?/iuy;
const word = /[=/\p{L}\p{M}\p{Nd}\p{Pc}]$/u;
const mostAddress = 4096;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** length counts text in the unit of the limits. */
export function length(text: string, limits: Limits): number {
  const count = counted(text, limits);
  switch (limits.unit) {
    case "graphemes":
      return graphemes(count);
    case "utf-16 units":
      return count.length;
    case "bytes":
      return new TextEncoder().encode(count).length;
  }
  return Array.from(count).length;
}

interface Entity {
  from: number;
  to: number;
  counts: string;
}

function counted(text: string, limits: Limits): string {
  const found: Entity[] = [];
  if (limits.url_length || limits.mentions_local) found.push(...addresses(text, limits.url_length ?? 0));
  if (limits.mentions_local) found.push(...names(text));
  found.sort((a, b) => a.from - b.from);
  let out = "";
  let at = 0;
  for (const one of found) {
    if (one.from < at) continue; // within the one before
    out += text.slice(at, one.from) + one.counts;
    at = one.to;
  }
  return out + text.slice(at);
}

function addresses(text: string, price: number): Entity[] {
  const out: Entity[] = [];
  if (!text.includes("://")) return out;
  for (const match of text.matchAll(address)) {
    const [whole, start = "", rest = ""] = match;
    const to = match.index + whole.length;
    const found = start + rest;
    if (/^[0-9a-z@+-]/i.test(rest + text.slice(to, to + 1)) || Array.from(found).length > mostAddress) continue;
    out.push({ from: to - found.length, to, counts: price ? "u".repeat(price) : found });
  }
  return out;
}

/** names finds @user@host. */
function names(text: string): Entity[] {
  const out: Entity[] = [];
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at)) {
    named.lastIndex = at;
    const match = word.test(text.slice(Math.max(0, at - 2), at)) ? null : named.exec(text);
    if (!match) {
      at++;
      continue;
    }
    const [whole, host] = match;
    const to = at + whole.length;
    if (host && !/^(?:[@＠]|:\/\/)/.test(text.slice(to, to + 3))) out.push({ from: at, to, counts: whole.slice(0, -host.length) });
    at = to;
  }
  return out;
}

// The server counts by Unicode 15.0. Since 15.1 browsers keep the consonants
// of an Indic conjunct together, so those are taken apart again.
const conjunct = /(?<=[\p{M}\u200d])\p{Lo}/gu;

function graphemes(text: string): number {
  let n = 0;
  for (const { segment } of segmenter.segment(text)) n += 1 + (segment.length > 1 ? (segment.match(conjunct)?.length ?? 0) : 0);
  return n;
}
