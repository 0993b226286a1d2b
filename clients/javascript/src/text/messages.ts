import { asText, child, isObject, type Json, objects } from "./json.ts";

/** The roles and types by which frameworks name what the model itself said. */
const ASSISTANT = new Set(["assistant", "model", "ai", "AIMessage", "AIMessageChunk", "message"]);
const PERSON = new Set(["user", "human", "HumanMessage"]);
/** Types of content blocks that hold text to be read; Converse's blocks have no type. */
const TEXT_BLOCKS = new Set([undefined, "text", "output_text"]);

/** The text of a message's content: a string, a list of blocks, or Google's `parts`. Thoughts and tool calls are none. */
export function contentText(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (isObject(content)) return Array.isArray(content.parts) ? contentText(content.parts) : undefined;
  if (!Array.isArray(content)) return undefined;
  return content.map((block) => (typeof block === "string" ? block : blockText(block))).join("");
}

function blockText(block: unknown): string {
  if (!isObject(block) || block.thought === true || !TEXT_BLOCKS.has(block.type as string | undefined)) return "";
  return asText(block.text) ?? "";
}

/** Who says a message: its role, else LangChain's type. */
function speaker(message: Json): string | undefined {
  return asText(message.role) ?? asText(message.type);
}

/** Whether it is the model's own message. One that names nobody is, for it is the agent that sends it. */
export function isAssistant(message: Json): boolean {
  const name = speaker(message);
  return name === undefined || ASSISTANT.has(name);
}

/** LangChain may send a message as the call that would make it again: `{"lc": 1, "id": […, "AIMessage"], "kwargs": {…}}`. */
export function unpacked(message: Json): Json {
  if (message.lc !== 1 || !Array.isArray(message.id)) return message;
  return { type: message.id.at(-1), ...child(message, "kwargs") };
}

/** The messages since the last one of a person: a state holds those of earlier turns too. */
export function latestMessages(list: unknown): Json[] {
  const messages = objects(list).map(unpacked);
  const person = messages.map((message) => PERSON.has(speaker(message) ?? "")).lastIndexOf(true);
  return messages.slice(person + 1);
}

/** The texts of the assistant's among the latest messages. */
export function latestTexts(list: unknown): string[] {
  return latestMessages(list)
    .filter((message) => speaker(message) !== undefined && isAssistant(message))
    .map((message) => contentText(message.content) ?? "");
}
