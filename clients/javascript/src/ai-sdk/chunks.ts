import type { UIMessageChunk } from "ai";
import { isObject } from "../text/json.ts";
import { TextReader } from "../text.ts";
import { type ToolChange, ToolReader } from "../tools.ts";
import type { AgentEvent, Ending, Run } from "../types.ts";

/** The first chunk of an agent that speaks the AI SDK's own stream. `text-delta` is none: it would need a `text-start` before it. */
const FIRST_CHUNKS = new Set([
  "start",
  "start-step",
  "message-metadata",
  "text-start",
  "reasoning-start",
  "tool-input-start",
  "tool-input-available",
  "source-url",
  "source-document",
  "file",
]);

/** The chunks of a run's reply: those that the agent made itself, or its text and tool calls as chunks. */
export async function* chunksOf(run: Run, messageId: string | undefined): AsyncGenerator<UIMessageChunk> {
  let writer: Writer | undefined;
  for await (const event of run) {
    writer ??= isChunk(event, FIRST_CHUNKS) ? new Passing() : new Wrapping(messageId);
    yield* writer.write(event);
  }
  writer ??= new Wrapping(messageId);
  yield* writer.end(await run.ending);
}

interface Writer {
  write(event: AgentEvent): UIMessageChunk[];
  end(ending: Ending): UIMessageChunk[];
}

function isChunk({ data }: AgentEvent, types?: ReadonlySet<string>): boolean {
  if (!isObject(data) || typeof data.type !== "string") return false;
  return !types || types.has(data.type) || data.type.startsWith("data-");
}

/** Chunks pass as they are. What the agent did not say of the ending is added. */
class Passing implements Writer {
  #hasFailed = false;

  write(event: AgentEvent): UIMessageChunk[] {
    if (!isChunk(event)) return [];
    const chunk = event.data as UIMessageChunk;
    this.#hasFailed ||= chunk.type === "error";
    return [chunk];
  }

  end(ending: Ending): UIMessageChunk[] {
    return this.#hasFailed ? [] : unhappy(ending);
  }
}

/** Text and tool calls of any framework as chunks. A tool call ends a part of text. */
class Wrapping implements Writer {
  readonly #messageId: string | undefined;
  readonly #text = new TextReader();
  readonly #tools = new ToolReader();
  readonly #names = new Map<string, string>();
  #hasStarted = false;
  #parts = 0;
  #isOpen = false;

  constructor(messageId: string | undefined) {
    this.#messageId = messageId;
  }

  write(event: AgentEvent): UIMessageChunk[] {
    const changes = this.#tools.read(event);
    return [...this.#start(), ...this.#delta(this.#text.read(event)), ...this.#changed(changes)];
  }

  end(ending: Ending): UIMessageChunk[] {
    const last = ending.outcome === "completed" ? this.#changed(this.#tools.end()) : [];
    const end: UIMessageChunk[] = ending.outcome === "completed" ? [{ type: "finish" }] : unhappy(ending);
    return [...this.#start(), ...last, ...this.#closeText(), ...end];
  }

  #start(): UIMessageChunk[] {
    if (this.#hasStarted) return [];
    this.#hasStarted = true;
    return [{ type: "start", ...(this.#messageId !== undefined && { messageId: this.#messageId }) }];
  }

  #delta(delta: string): UIMessageChunk[] {
    if (!delta) return [];
    const start: UIMessageChunk[] = this.#isOpen ? [] : [{ type: "text-start", id: `text-${++this.#parts}` }];
    this.#isOpen = true;
    return [...start, { type: "text-delta", id: `text-${this.#parts}`, delta }];
  }

  #closeText(): UIMessageChunk[] {
    if (!this.#isOpen) return [];
    this.#isOpen = false;
    return [{ type: "text-end", id: `text-${this.#parts}` }];
  }

  #changed(changes: ToolChange[]): UIMessageChunk[] {
    return changes.length ? [...this.#closeText(), ...changes.map((change) => this.#toolChunk(change))] : [];
  }

  /** The agent runs its tools itself (`providerExecuted`), and the page need not know them beforehand (`dynamic`). */
  #toolChunk(change: ToolChange): UIMessageChunk {
    const call = { toolCallId: change.id, dynamic: true, providerExecuted: true };
    if ("start" in change) {
      this.#names.set(change.id, change.start.name);
      return { type: "tool-input-start", ...call, toolName: change.start.name };
    }
    const toolName = this.#names.get(change.id) ?? "";
    if ("delta" in change) return { type: "tool-input-delta", toolCallId: change.id, inputTextDelta: change.delta };
    if ("input" in change) return { type: "tool-input-available", ...call, toolName, input: change.input };
    if (!change.failed) return { type: "tool-output-available", ...call, output: change.output };
    const errorText = typeof change.output === "string" ? change.output : JSON.stringify(change.output);
    return { type: "tool-output-error", ...call, errorText };
  }
}

function unhappy(ending: Ending): UIMessageChunk[] {
  if (ending.outcome === "failed") return [{ type: "error", errorText: ending.message }];
  return ending.outcome === "stopped" ? [{ type: "abort", reason: "stopped" }] : [];
}
