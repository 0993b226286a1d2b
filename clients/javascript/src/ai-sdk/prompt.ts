import type { FileUIPart, UIMessage } from "ai";
import type { Prompt } from "../types.ts";

/** A prompt and what goes with it into the agent's invocation body. */
export interface Asked {
  prompt: Prompt;
  parameters?: Record<string, unknown>;
}

/** The text of a message: its text parts, one after the other. */
export function messageText({ parts }: UIMessage): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/**
 * The last message of the user, as a text; its files as `media`, in the form of AWS's example of a prompt with a picture. The agent
 * keeps the conversation by its session.
 */
export function lastMessage(messages: readonly UIMessage[], more: Record<string, unknown>): Asked {
  const message = lastOfUser(messages);
  if (!message) throw new TypeError("There is no message of the user to send.");
  const media = message.parts.filter((part) => part.type === "file").map(mediaOf);
  return asked(messageText(message), { ...(media.length && { media: media.length > 1 ? media : media[0] }), ...more });
}

/**
 * The same, and beside it the whole conversation as `messages`, as the AI SDK's own transport sends it: for agents that keep none.
 * Their files are in there.
 */
export function allMessages(messages: readonly UIMessage[], more: Record<string, unknown>): Asked {
  const message = lastOfUser(messages);
  return asked(message ? messageText(message) : "", { messages, ...more });
}

function lastOfUser(messages: readonly UIMessage[]): UIMessage | undefined {
  return messages.filter(({ role }) => role === "user").at(-1);
}

/** A prompt must have a text; where there is none, as with a picture alone, the whole body is made here. */
function asked(text: string, parameters: Record<string, unknown>): Asked {
  if (text.trim()) return { prompt: text, ...(Object.keys(parameters).length && { parameters }) };
  return { prompt: { input: { prompt: text, ...parameters } } };
}

/** What stands in `media` for a file. Text and tables are documents, as in the Converse API of Bedrock. */
function mediaOf({ mediaType, filename, url }: FileUIPart): Record<string, unknown> {
  const [kind = "", subtype = ""] = mediaType.split(/[/;]/);
  const isMedia = kind === "image" || kind === "video" || kind === "audio";
  const ending = /\.(\w{1,8})$/.exec(filename ?? "")?.[1]?.toLowerCase();
  const format = isMedia ? subtype.replace(/\+.*$/, "") : (ending ?? (subtype || "bin"));
  return { type: isMedia ? kind : "document", format, ...(filename && { name: filename }), ...contentOf(url) };
}

/** A file's content in base64; its address if it is elsewhere. */
function contentOf(url: string): Record<string, unknown> {
  const data = /^data:([^,]*),(.*)$/s.exec(url);
  if (!data) return { url };
  const [, head = "", body = ""] = data;
  return { data: head.endsWith(";base64") ? body : base64(decodeURIComponent(body)) };
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}
