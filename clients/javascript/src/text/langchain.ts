import { asText, child, isObject, type Json } from "./json.ts";
import { contentText, unpacked } from "./messages.ts";
import type { Piece } from "./pieces.ts";

const MODES = new Set(["messages", "updates", "values", "custom"]);

/** Several modes, or subgraphs, put the mode before the data: `[mode, data]`, `[namespace, mode, data]`. */
export function modeOf(list: readonly unknown[]): { mode: string; data: unknown } | undefined {
  const mode = list.at(-2);
  const isMode = (list.length === 2 || list.length === 3) && typeof mode === "string" && MODES.has(mode);
  return isMode ? { mode, data: list.at(-1) } : undefined;
}

/** LangGraph's mode `messages`: a pair of a message, or a piece of one, and where it comes from. */
export function langGraphPiece(list: readonly unknown[]): Piece | undefined {
  const inner = modeOf(list);
  if (inner) return inner.mode === "messages" && Array.isArray(inner.data) ? langGraphPiece(inner.data) : undefined;
  const [message, metadata] = list;
  return list.length === 2 && isObject(message) && isObject(metadata) ? messagePiece(message) : undefined;
}

/** LangChain's `astream_events`. */
export function langChainPiece(data: Json): Piece | undefined {
  if (data.event !== "on_chat_model_stream") return undefined;
  const chunk = child(data, "data").chunk;
  return isObject(chunk) ? messagePiece(chunk) : undefined;
}

function messagePiece(packed: Json): Piece | undefined {
  const message = unpacked(packed);
  const whole = message.type === "ai" || message.type === "AIMessage";
  if (!whole && message.type !== "AIMessageChunk") return undefined;
  return { kind: "message", text: contentText(message.content) ?? "", id: asText(message.id), whole };
}
