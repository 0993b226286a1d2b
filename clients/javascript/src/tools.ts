import { isObject, type Json } from "./text/json.ts";
import { blocks, langGraph, strandsCall } from "./tools/messages.ts";
import { parsed, type Signal } from "./tools/signals.ts";
import { agUi, aiSdk, anthropic, converse, openAi, responses } from "./tools/streams.ts";
import type { AgentEvent } from "./types.ts";

/** What an event says of one tool call. */
export type ToolChange =
  | { readonly id: string; readonly start: { readonly name: string } }
  /** A piece of the JSON text of the input. */
  | { readonly id: string; readonly delta: string }
  /** The whole input. It comes once for each call, before its output. */
  | { readonly id: string; readonly input: unknown }
  | { readonly id: string; readonly output: unknown; readonly failed?: true };

interface Call {
  text: string;
  /** Strands tells of an input in two ways; the one that came first counts. */
  told: "delta" | "grown" | undefined;
  ended: boolean;
  answered: boolean;
}

const SHAPES = [agUi, converse, anthropic, openAi, responses, aiSdk, strandsCall, blocks];

function signalsOf(data: unknown, name: string): Signal[] {
  if (!isObject(data)) return langGraph(data, name);
  if (data.type === "multiagent_node_stream") return signalsOf(data.event, "message");
  const inner = isObject(data.event) ? converse(data.event) : [];
  return [...inner, ...SHAPES.flatMap((shape) => shape(data)), ...langGraph(data, name)];
}

/** Reads the tool calls out of the events of one run, whatever framework made them (clients/vectors/tools.json); each thing once. */
export class ToolReader {
  readonly #calls = new Map<string, Call>();
  readonly #keys = new Map<string, string>();

  /** What this event says of tool calls that was not known. */
  read({ name, data }: AgentEvent): ToolChange[] {
    return [...this.#endChunk(data), ...signalsOf(data, name).flatMap((signal) => this.#take(signal))];
  }

  /** After the last event of a run that completed: the inputs that nothing ended. */
  end(): ToolChange[] {
    return [...this.#calls.keys()].flatMap((id) => this.#end(id));
  }

  /** AG-UI's chunks of a call end with the first event that is none of that call's. */
  #endChunk(data: unknown): ToolChange[] {
    const open = this.#keys.get("chunk");
    if (open === undefined) return [];
    const { type, toolCallId }: Json = isObject(data) ? data : {};
    if (type === "TOOL_CALL_CHUNK" && (toolCallId ?? open) === open) return [];
    this.#keys.delete("chunk");
    return this.#end(open);
  }

  #take(signal: Signal): ToolChange[] {
    if (signal.type === "start") return this.#start(signal.id, signal.name, signal.key);
    if (signal.type === "end" && signal.keys) return this.#endKeys(signal.keys);
    const id = "id" in signal && signal.id ? signal.id : "key" in signal ? this.#keys.get(signal.key ?? "") : undefined;
    if (id === undefined) return [];
    if (signal.type === "delta") return this.#delta(id, signal.text, "delta");
    if (signal.type === "grown") return this.#grown(id, signal.name, signal.text);
    if (signal.type === "input") return [...this.#start(id, signal.name), ...this.#end(id, () => signal.input)];
    if (signal.type === "output") return this.#output(id, signal.output, signal.failed);
    if (signal.type === "end" && signal.key) this.#keys.delete(signal.key);
    return this.#end(id);
  }

  #start(id: string, name: string, key?: string): ToolChange[] {
    if (key) this.#keys.set(key, id);
    if (!id || this.#calls.has(id)) return [];
    this.#calls.set(id, { text: "", told: undefined, ended: false, answered: false });
    return [{ id, start: { name } }];
  }

  #delta(id: string, text: string, told: "delta" | "grown"): ToolChange[] {
    const call = this.#calls.get(id);
    if (!call || call.ended || !text) return [];
    call.told ??= told;
    if (call.told !== told) return [];
    call.text += text;
    return [{ id, delta: text }];
  }

  #grown(id: string, name: string, text: string): ToolChange[] {
    const started = this.#start(id, name);
    const before = this.#calls.get(id)?.text ?? "";
    return text.startsWith(before) ? [...started, ...this.#delta(id, text.slice(before.length), "grown")] : started;
  }

  #endKeys(beginning: string): ToolChange[] {
    const keys = [...this.#keys].filter(([key]) => key.startsWith(beginning));
    for (const [key] of keys) this.#keys.delete(key);
    return keys.flatMap(([, id]) => this.#end(id));
  }

  #end(id: string, input?: () => unknown): ToolChange[] {
    const call = this.#calls.get(id);
    if (!call || call.ended) return [];
    call.ended = true;
    return [{ id, input: input ? input() : parsed(call.text) }];
  }

  #output(id: string, output: unknown, failed: boolean): ToolChange[] {
    const call = this.#calls.get(id);
    if (!call || call.answered) return [];
    call.answered = true;
    return [...this.#end(id), { id, output, ...(failed && { failed }) }];
  }
}
