import { type Chat, described, loadChat, type StoredTurn, titleOf } from "./chats.ts";
import { current } from "./current.ts";
import { download } from "./dom.ts";
import { turns } from "./turns.ts";

const fileName = (title: string): string =>
  title
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 40) || "session";

/** What is kept of a session; of the one that is open, the replies whole, as far as this page has them. */
function whole(sessionId: string): Chat {
  const chat = loadChat(sessionId);
  if (sessionId !== current.sessionId) return chat;
  const known = Object.entries(chat).map(([requestId, kept]): [string, StoredTurn] => {
    const turn = turns.get(requestId);
    if (!turn?.events.length) return [requestId, kept];
    const { cut: _, ...rest } = kept;
    return [requestId, { ...rest, parts: turn.view.reply.stored() }];
  });
  return Object.fromEntries(known);
}

/** A session as a person reads it. */
function asMarkdown(sessionId: string): string {
  const prompts = Object.values(whole(sessionId)).sort((a, b) => a.at - b.at);
  return [`# ${titleOf(described(sessionId))}\n`, ...prompts.map(promptAsMarkdown)].join("\n");
}

function promptAsMarkdown({ label, parts = [], state, at, code, message, cut }: StoredTurn): string {
  const reply = parts.map((part) => ("text" in part ? part.text : `\n\n*Tool: ${part.tool.name}*\n\n`)).join("");
  const missing = cut ? `\n\n*${cut.toLocaleString("en")} more characters were not kept.*` : "";
  const ending = state === "completed" ? "" : `\n\n*${state}${code ? `, ${code}: ${message}` : ""}*`;
  const asked = (label || "Asked elsewhere").replace(/^/gm, "> ");
  return `## ${new Date(at).toISOString()}\n\n${asked}\n\n${reply}${missing}${ending}\n`;
}

export function exportMarkdown(sessionId: string): void {
  const title = titleOf(described(sessionId));
  download(`${fileName(title)}.md`, asMarkdown(sessionId), "text/markdown");
}

/** The same for programs, with all events that this page has. */
export function exportJson(sessionId: string): void {
  const isOpen = sessionId === current.sessionId;
  const prompts = Object.entries(whole(sessionId))
    .sort(([, a], [, b]) => a.at - b.at)
    .map(([requestId, turn]) => {
      const events = isOpen ? (turns.get(requestId)?.events ?? []) : [];
      return { requestId, ...turn, ...(events.length && { agentEvents: events }) };
    });
  const { name } = described(sessionId);
  const text = JSON.stringify({ sessionId, name, prompts }, null, 2);
  download(`${fileName(titleOf(described(sessionId)))}.json`, `${text}\n`);
}
