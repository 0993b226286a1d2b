import { asText, child, isObject, type Json, objects } from "../text/json.ts";
import { modeOf } from "../text/langchain.ts";
import { latestMessages, unpacked } from "../text/messages.ts";
import type { Signal } from "./signals.ts";

/** Strands: the call that is being made, with as much of its input as there is. */
export function strandsCall(data: Json): Signal[] {
  const { toolUseId: id, name, input } = child(data, "current_tool_use");
  return typeof id === "string" && typeof input === "string"
    ? [{ type: "grown", id, name: asText(name) ?? "", text: input }]
    : [];
}

/** Whole messages with calls and results in them: those of Strands, Converse and Anthropic. */
export function blocks(data: Json): Signal[] {
  const message = [data, child(data, "message"), child(child(data, "output"), "message")].find(({ content }) =>
    Array.isArray(content),
  );
  return objects(message?.content).flatMap((block) => [...called(block), ...answered(block)]);
}

function called(block: Json): Signal[] {
  const call = block.type === "tool_use" ? { ...block, toolUseId: block.id } : child(block, "toolUse");
  const id = asText(call.toolUseId);
  return id ? [{ type: "input", id, name: asText(call.name) ?? "", input: call.input ?? {} }] : [];
}

function answered(block: Json): Signal[] {
  const result = block.type === "tool_result" ? { ...block, toolUseId: block.tool_use_id } : child(block, "toolResult");
  const id = asText(result.toolUseId);
  if (!id) return [];
  return [{ type: "output", id, output: plain(result.content), failed: result.status === "error" || result.is_error === true }];
}

/** A result as a text or a value, where its blocks are nothing more than that. */
function plain(content: unknown): unknown {
  const parts = objects(content);
  if (!Array.isArray(content)) return content ?? "";
  if (parts.length === 1 && parts[0]?.json !== undefined) return parts[0].json;
  const texts = parts.map(({ text }) => asText(text));
  return parts.length === content.length && texts.every((text) => text !== undefined) ? texts.join("") : content;
}

/** LangGraph's modes, by the event's name or with the mode in a pair. */
export function langGraph(data: unknown, name: string): Signal[] {
  if (Array.isArray(data)) {
    const inner = modeOf(data);
    if (inner) return langGraph(inner.data, inner.mode);
    return data.length === 2 && isObject(data[0]) ? message(data[0]) : [];
  }
  if (!isObject(data)) return [];
  const states = name === "updates" ? Object.values(data) : [data];
  return states.flatMap((state) => latestMessages(isObject(state) ? [state.messages].flat() : []).flatMap(message));
}

function message(packed: Json): Signal[] {
  const { type, id, tool_call_id, status, content, tool_calls, tool_call_chunks, chunk_position } = unpacked(packed);
  if (typeof tool_call_id === "string")
    return [{ type: "output", id: tool_call_id, output: content, failed: status === "error" }];
  if (type !== "AIMessageChunk") return objects(tool_calls).flatMap(call);
  const keys = `langchain:${id}:`;
  const signals = objects(tool_call_chunks).flatMap((part) => chunk(part, `${keys}${part.index}`));
  return chunk_position === "last" ? [...signals, { type: "end", keys }] : signals;
}

function call({ id, name, args }: Json): Signal[] {
  return typeof id === "string" ? [{ type: "input", id, name: asText(name) ?? "", input: args ?? {} }] : [];
}

function chunk({ id, name, args }: Json, key: string): Signal[] {
  const start: Signal[] = typeof id === "string" && typeof name === "string" ? [{ type: "start", id, name, key }] : [];
  return [...start, { type: "delta", key, text: asText(args) ?? "" }];
}
