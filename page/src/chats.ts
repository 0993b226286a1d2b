import type { AttachedFile } from "./attachments.ts";
import type { StoredPart } from "./reply.ts";
import { shared } from "./storage.ts";
import { toast } from "./toast.ts";

/** A browser keeps about 5 MB for a page. What is beyond these the page says; it drops nothing silently. */
export const LIMITS = { turns: 50, sessions: 20, text: 100_000 };

/** What is asked, as `prompt` of the client takes it. */
export interface Asked {
  prompt?: string;
  input?: Record<string, unknown>;
  agent?: string;
  parameters?: Record<string, unknown>;
}

/** A prompt and its reply, as they are kept over reloads. */
export interface StoredTurn {
  label?: string;
  files?: AttachedFile[];
  asked?: Asked;
  state: string;
  accepted: boolean;
  at: number;
  startedAt?: number | null;
  firstAt?: number | null;
  endedAt?: number | null;
  code?: string | null;
  message?: string | null;
  retryable?: boolean;
  behind?: boolean;
  background?: boolean;
  /** Once it has ended; until then a reload gets the reply from the gateway again. */
  parts?: StoredPart[];
  events?: number;
  others?: number;
  /** How many characters of the reply were too many to be kept. */
  cut?: number;
}

export type Chat = Record<string, StoredTurn>;

export interface KnownSession {
  id: string;
  name: string;
  at: number;
  count: number;
  first: string;
}

interface SessionNote {
  name?: string;
  /** How many prompts are no longer kept. */
  dropped?: number;
  openedAt?: number;
  /** What was cleared here, and may still be replayed. */
  cleared?: string[];
}

const CHAT = "chat.";
export const chatKey = (sessionId: string): string => shared.key(CHAT + sessionId);
export const loadChat = (sessionId: string): Chat => shared.get<Chat>(CHAT + sessionId, {});
export const notesOf = (sessionId: string): SessionNote => shared.get<SessionNote>(`session.${sessionId}`, {});

export function note(sessionId: string, change: SessionNote): void {
  shared.set(`session.${sessionId}`, { ...notesOf(sessionId), ...change });
}

/** Keeps the newest prompts, as many as there is room for, and counts those that are dropped. */
export function storeChat(sessionId: string, chat: Chat): void {
  const newest = Object.entries(chat).sort(([, a], [, b]) => b.at - a.at);
  for (let count = Math.min(newest.length, LIMITS.turns); count > 0; count = Math.floor(count / 2)) {
    if (!shared.set(CHAT + sessionId, Object.fromEntries(newest.slice(0, count)))) continue;
    if (count < newest.length) note(sessionId, { dropped: (notesOf(sessionId).dropped ?? 0) + newest.length - count });
    return forgetOldChats(sessionId);
  }
  shared.remove(CHAT + sessionId);
  if (newest.length) note(sessionId, { dropped: (notesOf(sessionId).dropped ?? 0) + newest.length });
}

export function saveTurn(sessionId: string, requestId: string, turn: StoredTurn): void {
  storeChat(sessionId, { ...loadChat(sessionId), [requestId]: turn });
}

export function forgetSession(sessionId: string): void {
  shared.remove(CHAT + sessionId);
  shared.remove(`session.${sessionId}`);
}

/** The sessions that this browser knows, the latest first. */
export function knownSessions(): KnownSession[] {
  const ids = shared.names().flatMap((name) => (name.startsWith(CHAT) ? [name.slice(CHAT.length)] : []));
  return ids.map(described).sort((a, b) => b.at - a.at);
}

export function described(id: string): KnownSession {
  const turns = Object.values(loadChat(id)).sort((a, b) => a.at - b.at);
  const { name = "", openedAt = 0 } = notesOf(id);
  return { id, name, at: turns.at(-1)?.at ?? openedAt, count: turns.length, first: turns[0]?.label ?? "" };
}

/** What a session is called: its name, else its first prompt, else its id. */
export function titleOf({ id, name, first }: KnownSession): string {
  return name || first.slice(0, 60) || id;
}

function forgetOldChats(current: string): void {
  const others = knownSessions().filter(({ id }) => id !== current);
  const old = others.slice(LIMITS.sessions - 1);
  for (const { id } of old) forgetSession(id);
  if (!old.length) return;
  const titles = old.map((known) => `“${titleOf(known)}”`).join(", ");
  toast(
    `This browser keeps the last ${LIMITS.sessions} sessions; ${titles} is dropped. The gateway and the agent still know it.`,
  );
}
