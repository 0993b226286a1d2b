import { type Chat, described, loadChat, titleOf } from "./chats.ts";
import { current } from "./current.ts";
import { download } from "./dom.ts";
import { turns } from "./turns.ts";

const fileName = (title: string): string =>
  title
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 40) || "session";

/** A session as a person reads it. */
export function asMarkdown(sessionId: string, chat: Chat): string {
  const parts = Object.values(chat)
    .sort((a, b) => a.at - b.at)
    .map(({ label, parts = [], state, at, code, message }) => {
      const reply = parts.map((part) => ("text" in part ? part.text : `\n\n*Tool: ${part.tool.name}*\n\n`)).join("");
      const ending = state === "completed" ? "" : `\n\n*${state}${code ? `, ${code}: ${message}` : ""}*`;
      const asked = (label || "Asked elsewhere").replace(/^/gm, "> ");
      return `## ${new Date(at).toISOString()}\n\n${asked}\n\n${reply}${ending}\n`;
    });
  return [`# ${titleOf(described(sessionId))}\n`, ...parts].join("\n");
}

export function exportMarkdown(sessionId: string): void {
  const title = titleOf(described(sessionId));
  download(`${fileName(title)}.md`, asMarkdown(sessionId, loadChat(sessionId)), "text/markdown");
}

/** The same for programs; of the session that is open with all events that this page has. */
export function exportJson(sessionId: string): void {
  const chat = loadChat(sessionId);
  const isOpen = sessionId === current.sessionId;
  const prompts = Object.entries(chat)
    .sort(([, a], [, b]) => a.at - b.at)
    .map(([requestId, turn]) => {
      const events = isOpen ? (turns.get(requestId)?.events ?? []) : [];
      return { requestId, ...turn, ...(events.length && { agentEvents: events }) };
    });
  const { name } = described(sessionId);
  download(`${fileName(titleOf(described(sessionId)))}.json`, `${JSON.stringify({ sessionId, name, prompts }, null, 2)}\n`);
}
