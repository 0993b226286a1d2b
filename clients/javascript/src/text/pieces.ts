import { asText, child, isObject, type Json, objects } from "./json.ts";
import { langChainPiece, langGraphPiece } from "./langchain.ts";
import { contentText } from "./messages.ts";
import { isRepr } from "./repr.ts";

/** What one event adds to a text that comes piece by piece. */
export interface Piece {
  /** Strands says one thing in two shapes, `data` and `block`; `own` is an object of no known framework. */
  readonly kind: "data" | "block" | "own" | "message" | "other";
  readonly text: string;
  /** The message that it belongs to, where the event names it. */
  readonly id?: string | undefined;
  readonly role?: string | undefined;
  /** It is a whole message, which may repeat pieces with the same `id`. */
  readonly whole?: boolean;
}

/** Names of server-sent events whose data, if it is a plain string, is a piece of the reply. */
const TEXT_NAMES = new Set(["message", "text", "token", "delta", "chunk", "content", "output", "answer", "response", "data"]);

const SHAPES = [strands, block, agUi, openAi, responses, anthropic, aiSdk, langChainPiece, google, own];

/** The piece in an event's data, or `undefined` if it has none of the shapes in which a text is streamed. */
export function pieceOf(data: unknown, name: string): Piece | undefined {
  if (typeof data === "string") return TEXT_NAMES.has(name) && data !== "[DONE]" && !isRepr(data) ? other(data) : other("");
  if (Array.isArray(data)) return langGraphPiece(data);
  if (!isObject(data)) return other("");
  for (const shape of SHAPES) {
    const piece = shape(data);
    if (piece) return piece;
  }
  return undefined;
}

function other(text: unknown): Piece | undefined {
  return typeof text === "string" ? { kind: "other", text } : undefined;
}

function strands(data: Json): Piece | undefined {
  if (data.type === "multiagent_node_stream") return pieceOf(data.event, "message");
  const isOwn = data.type === undefined && data.event === undefined;
  return isOwn && typeof data.data === "string" ? { kind: "data", text: data.data } : undefined;
}

/** Bedrock's Converse stream, which Strands passes on as `event`. */
function block(data: Json): Piece | undefined {
  const delta = child(data, "contentBlockDelta").delta ?? child(child(data, "event"), "contentBlockDelta").delta;
  return isObject(delta) ? { kind: "block", text: asText(delta.text) ?? "" } : undefined;
}

const AG_UI_TEXT = new Set(["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CHUNK"]);

function agUi(data: Json): Piece | undefined {
  if (!AG_UI_TEXT.has(asText(data.type) ?? "")) return undefined;
  return { kind: "message", text: asText(data.delta) ?? "", id: asText(data.messageId), role: asText(data.role) };
}

function openAi(data: Json): Piece | undefined {
  const first = objects(data.choices).find((choice) => (choice.index ?? 0) === 0);
  if (!first || !(isObject(first.delta) || typeof first.text === "string")) return undefined;
  return other(first.text ?? contentText(child(first, "delta").content) ?? "");
}

function responses(data: Json): Piece | undefined {
  if (data.type === "raw_response_event") return isObject(data.data) ? pieceOf(data.data, "message") : undefined;
  return data.type === "response.output_text.delta" ? other(data.delta) : undefined;
}

function anthropic(data: Json): Piece | undefined {
  if (data.type !== "content_block_delta") return undefined;
  const delta = child(data, "delta");
  return other((delta.type === "text_delta" && asText(delta.text)) || "");
}

function aiSdk(data: Json): Piece | undefined {
  return data.type === "text-delta" ? other(data.delta ?? data.text ?? data.textDelta) : undefined;
}

function google(data: Json): Piece | undefined {
  return data.partial === true ? other(contentText(data.content)) : undefined;
}

const OWN_TYPES = new Set([undefined, "text", "token", "content", "delta", "chunk"]);

/** Objects that a handler makes up itself: `{"text": "Hel"}`, `{"type": "token", "content": "lo"}`. */
function own(data: Json): Piece | undefined {
  if (data.role !== undefined || data.error || !OWN_TYPES.has(data.type as string | undefined)) return undefined;
  const text = asText(data.text) ?? asText(data.content) ?? (data.type === undefined ? undefined : asText(data.delta));
  return text === undefined ? undefined : { kind: "own", text };
}
