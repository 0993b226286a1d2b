import { loadChat, note, notesOf, storeChat } from "./chats.ts";
import { current } from "./current.ts";
import { $ } from "./dom.ts";
import { plural } from "./format.ts";
import { openSession, showTitle } from "./session.ts";
import { toast } from "./toast.ts";
import { removeTurn, showEmpty, turns } from "./turns.ts";

/** How many request ids are remembered as cleared, so that their replays do not bring them back. */
const MAX = 100;

/** Takes away what has ended, with a way back. */
function clear(): void {
  const { sessionId } = current;
  const before = { chat: loadChat(sessionId), cleared: notesOf(sessionId).cleared ?? [] };
  const checks = document.querySelectorAll(".check");
  const ended = [...turns.values()].filter(({ hasEnded }) => hasEnded);
  if (!ended.length && !checks.length) return;
  const chat = loadChat(sessionId);
  for (const turn of ended) {
    removeTurn(turn);
    delete chat[turn.requestId];
  }
  for (const check of checks) check.remove();
  storeChat(sessionId, chat);
  note(sessionId, { cleared: [...before.cleared, ...ended.map(({ requestId }) => requestId)].slice(-MAX) });
  showEmpty();
  showTitle();
  toast(`Cleared ${plural(ended.length, "prompt")}.`, () => {
    storeChat(sessionId, { ...loadChat(sessionId), ...before.chat });
    note(sessionId, { cleared: before.cleared });
    openSession(sessionId);
  });
}

export function startClearing(): void {
  $("clear-chat").addEventListener("click", clear);
}
