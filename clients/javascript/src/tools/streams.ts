import { asText, child, isObject, type Json, objects } from "../text/json.ts";
import { parsed, type Signal } from "./signals.ts";

/** AG-UI's events. Its chunks are made into starts and deltas; that nothing ends them is the reader's affair. */
export function agUi(data: Json): Signal[] {
  const id = asText(data.toolCallId);
  const name = asText(data.toolCallName);
  const text = asText(data.delta) ?? "";
  if (data.type === "TOOL_CALL_CHUNK") return [...begun(id, name), { type: "delta", id, key: "chunk", text }];
  if (!id) return [];
  if (data.type === "TOOL_CALL_START") return [{ type: "start", id, name: name ?? "" }];
  if (data.type === "TOOL_CALL_ARGS") return [{ type: "delta", id, text }];
  if (data.type === "TOOL_CALL_END") return [{ type: "end", id }];
  if (data.type === "TOOL_CALL_RESULT") return [{ type: "output", id, output: data.content, failed: false }];
  return [];
}

function begun(id: string | undefined, name: string | undefined): Signal[] {
  return id && name ? [{ type: "start", id, name, key: "chunk" }] : [];
}

/** Bedrock's Converse stream. Strands leaves the number of the block out, and then one block follows the other. */
export function converse(data: Json): Signal[] {
  const begin = child(data, "contentBlockStart");
  const tool = child(child(begin, "start"), "toolUse");
  if (typeof tool.toolUseId === "string") {
    return [{ type: "start", id: tool.toolUseId, name: asText(tool.name) ?? "", key: block(begin) }];
  }
  const delta = child(data, "contentBlockDelta");
  const text = asText(child(child(delta, "delta"), "toolUse").input);
  if (text !== undefined) return [{ type: "delta", key: block(delta), text }];
  return isObject(data.contentBlockStop) ? [{ type: "end", key: block(data.contentBlockStop) }] : [];
}

function block(part: Json): string {
  return `block:${part.contentBlockIndex ?? ""}`;
}

/** Anthropic's stream. */
export function anthropic(data: Json): Signal[] {
  const key = `anthropic:${data.index}`;
  const tool = child(data, "content_block");
  if (data.type === "content_block_start" && tool.type === "tool_use" && typeof tool.id === "string") {
    return [{ type: "start", id: tool.id, name: asText(tool.name) ?? "", key }];
  }
  const delta = child(data, "delta");
  if (delta.type === "input_json_delta") return [{ type: "delta", key, text: asText(delta.partial_json) ?? "" }];
  return data.type === "content_block_stop" ? [{ type: "end", key }] : [];
}

/** OpenAI's chat, streamed or not. A call is named once and goes by its number from then on. */
export function openAi(data: Json): Signal[] {
  const choice = objects(data.choices).find(({ index }) => (index ?? 0) === 0);
  if (!choice) return [];
  const calls = objects(child(choice, "delta").tool_calls).flatMap(openAiCall);
  const whole = objects(child(choice, "message").tool_calls).flatMap(openAiWhole);
  return [...calls, ...whole, ...(choice.finish_reason ? [END_OF_CHOICE] : [])];
}

const END_OF_CHOICE: Signal = { type: "end", keys: "openai:" };

function openAiCall(call: Json, position: number): Signal[] {
  const key = `openai:${call.index ?? position}`;
  const made = child(call, "function");
  const name = asText(made.name);
  const start: Signal[] = typeof call.id === "string" && name ? [{ type: "start", id: call.id, name, key }] : [];
  return [...start, { type: "delta", key, text: asText(made.arguments) ?? "" }];
}

function openAiWhole(call: Json): Signal[] {
  const made = child(call, "function");
  return [
    { type: "input", id: asText(call.id) ?? "", name: asText(made.name) ?? "", input: parsed(asText(made.arguments) ?? "") },
  ];
}

/** OpenAI's Responses. */
export function responses(data: Json): Signal[] {
  const item = child(data, "item");
  if (item.type === "function_call" && data.type === "response.output_item.added") {
    return [{ type: "start", id: asText(item.call_id) ?? "", name: asText(item.name) ?? "", key: `item:${item.id}` }];
  }
  const key = `item:${data.item_id}`;
  if (data.type === "response.function_call_arguments.delta") return [{ type: "delta", key, text: asText(data.delta) ?? "" }];
  return data.type === "response.function_call_arguments.done" ? [{ type: "end", key }] : [];
}

/** The AI SDK's stream of parts. */
export function aiSdk(data: Json): Signal[] {
  const id = asText(data.toolCallId);
  if (!id) return [];
  const name = asText(data.toolName) ?? "";
  const output = (value: unknown, failed: boolean): Signal => ({ type: "output", id, output: value, failed });
  if (data.type === "tool-input-start") return [{ type: "start", id, name }];
  if (data.type === "tool-input-delta") return [{ type: "delta", id, text: asText(data.inputTextDelta) ?? "" }];
  if (data.type === "tool-input-available") return [{ type: "input", id, name, input: data.input }];
  if (data.type === "tool-input-error") return [{ type: "input", id, name, input: data.input }, output(data.errorText, true)];
  if (data.type === "tool-output-available") return data.preliminary ? [] : [output(data.output, false)];
  return data.type === "tool-output-error" ? [output(data.errorText, true)] : [];
}
