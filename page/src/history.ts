import { knownSessions, loadChat } from "./chats.ts";
import { field } from "./dom.ts";

const MAX = 50;
let at = -1; // -1: what is being written
let draft = "";

/** What was asked in the sessions that are kept, the latest first. What is cleared or forgotten is so here too. */
function earlier(): string[] {
  const turns = knownSessions().flatMap(({ id }) => Object.values(loadChat(id)));
  const labels = turns.sort((a, b) => b.at - a.at).flatMap(({ label }) => label || []);
  return [...new Set(labels)].slice(0, MAX);
}

export const isBrowsing = (): boolean => at >= 0;

/** One prompt further back (1) or forward (-1). False if there is none. */
export function browse(step: 1 | -1): boolean {
  const texts = earlier();
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

/** What stands there now is what is being written. */
export function edited(): void {
  at = -1;
}
