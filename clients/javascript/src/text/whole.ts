import { asText, child, isObject, type Json, objects } from "./json.ts";
import { modeOf } from "./langchain.ts";
import { contentText, isAssistant, latestTexts } from "./messages.ts";

/** Members that hold a reply, the most telling first. */
const REPLY_MEMBERS = ["result", "response", "output", "answer", "message", "text", "content"];
/** An object with another `type` is an event of its own kind, and its `message` may be anything. */
const REPLY_TYPES = new Set([
  undefined,
  "message",
  "text",
  "output_text",
  "ai",
  "assistant",
  "result",
  "response",
  "answer",
  "final",
]);
/** A reply is found this deep: `{"result": {"message": {"content": […]}}}`. */
const DEPTH = 5;

/** The texts of the whole messages in an event's data: what an agent sends that does not stream, or after it has. */
export function wholesOf(data: unknown, name: string): string[] {
  if (Array.isArray(data)) {
    const inner = modeOf(data);
    return inner ? wholesOf(inner.data, inner.mode) : [];
  }
  if (!isObject(data) || name === "error" || data.error) return [];
  return name === "updates" ? updates(data) : (typed(data) ?? replies(data, DEPTH));
}

/** LangGraph's mode `updates`: what each node has added. */
function updates(data: Json): string[] {
  return Object.values(data).flatMap((node) => (isObject(node) ? latestTexts([node.messages].flat()) : []));
}

function typed(data: Json): string[] | undefined {
  if (data.type === "MESSAGES_SNAPSHOT") return latestTexts(data.messages);
  if (data.type === "response.output_text.done") return texts(data.text);
  if (data.type === "response.completed") return replies(child(data, "response"), DEPTH);
  const first = objects(data.choices).find((choice) => (choice.index ?? 0) === 0);
  if (first) return texts(contentText(child(first, "message").content));
  return undefined;
}

function replies(data: unknown, depth: number): string[] {
  if (typeof data === "string") return [data];
  if (depth === 0 || !isObject(data) || data.error) return [];
  if (!REPLY_TYPES.has(asText(data.type)) || (data.role !== undefined && !isAssistant(data))) return [];
  if (Array.isArray(data.messages)) return latestTexts(data.messages);
  for (const name of REPLY_MEMBERS) {
    const found = member(data[name], name, depth);
    if (found.length) return found;
  }
  return [];
}

function member(value: unknown, name: string, depth: number): string[] {
  if (name === "content") return texts(contentText(value));
  // The Responses API's list of what the model made, in which messages are among calls and thoughts.
  if (name === "output" && Array.isArray(value)) return objects(value).flatMap((item) => replies(item, depth - 1));
  return replies(value, depth - 1);
}

function texts(text: unknown): string[] {
  return typeof text === "string" ? [text] : [];
}
