import { field } from "./dom.ts";
import { shared } from "./storage.ts";

const NAME = "history";
const MAX = 50;
let at = -1; // -1: what is being written
let draft = "";

export function remember(text: string): void {
  at = -1;
  if (!text.trim() || text.length > 10_000) return;
  const others = shared.get<string[]>(NAME, []).filter((other) => other !== text);
  shared.set(NAME, [text, ...others].slice(0, MAX));
}

export const isBrowsing = (): boolean => at >= 0;

/** One prompt further back (1) or forward (-1). False if there is none. */
export function browse(step: 1 | -1): boolean {
  const texts = shared.get<string[]>(NAME, []);
  const next = at + step;
  if (next < -1 || next >= texts.length) return false;
  const box = field("prompt");
  if (at === -1) draft = box.value;
  at = next;
  box.value = at === -1 ? draft : (texts[at] ?? "");
  box.setSelectionRange(box.value.length, box.value.length);
  return true;
}

/** Back to what was being written. */
export function leaveHistory(): void {
  if (at >= 0) field("prompt").value = draft;
  at = -1;
}

export function edited(): void {
  at = -1;
}
