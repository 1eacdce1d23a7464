// How long a text is for a network, counted as the server counts it.

/** Limits are the part of a network's limits that text needs, as the server
 * gives them. */
export interface Limits {
  text: number; // 0 is no limit
  unit: string;
  url_length?: number; // every address counts as this many
}

// The server's white space is ASCII only.
const address = /https?:\/\/[^\t\n\f\r <>"]+/g;
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** length counts text in the unit of the limits. */
export function length(text: string, limits: Limits): number {
  const counted = limits.url_length ? text.replace(address, "u".repeat(limits.url_length)) : text;
  switch (limits.unit) {
    case "graphemes":
      return graphemes(counted);
    case "utf-16 units":
      return counted.length;
    case "bytes":
      return new TextEncoder().encode(counted).length;
  }
  return Array.from(counted).length;
}

// The server counts by Unicode 15.0. Since 15.1 browsers keep the consonants
// of an Indic conjunct together, so those are taken apart again.
const conjunct = /(?<=[\p{M}\u200d])\p{Lo}/gu;

function graphemes(text: string): number {
  let n = 0;
  for (const { segment } of segmenter.segment(text)) n += 1 + (segment.length > 1 ? (segment.match(conjunct)?.length ?? 0) : 0);
  return n;
}
