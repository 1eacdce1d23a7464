// A form that has just been opened guesses the time zone; the browser knows it.
import { find } from "./dom";

export function startZone(): void {
  const select = find<HTMLSelectElement>("form[data-guess-zone] select[name=zone]");
  if (!select) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  if (!Array.from(select.options).some((option) => option.value === zone)) select.add(new Option(zone, zone), 0);
  select.value = zone;
}
