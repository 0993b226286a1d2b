import { type BaseEvent, EventType } from "@ag-ui/client";
import { isObject } from "../text/json.ts";
import { TextReader } from "../text.ts";
import { type ToolChange, ToolReader } from "../tools.ts";
import type { AgentEvent, Ending, Run } from "../types.ts";

/** Which run of which thread the events are of. */
export interface RunIds {
  threadId: string;
  runId: string;
}

/** The AG-UI events of a run: the agent's own, or what another framework's events mean in AG-UI. */
export async function* eventsOf(run: Run, ids: RunIds): AsyncGenerator<BaseEvent> {
  let writer: Writer | undefined;
  for await (const event of run) {
    writer ??= isAgUi(event) ? new Passing() : new Wrapping(ids, run.requestId);
    yield* writer.write(event);
  }
  writer ??= new Wrapping(ids, run.requestId);
  yield* writer.end(await run.ending);
}

interface Writer {
  write(event: AgentEvent): BaseEvent[];
  end(ending: Ending): BaseEvent[];
}

function isAgUi({ data }: AgentEvent): boolean {
  return isObject(data) && (data.type === "RUN_STARTED" || data.type === "RUN_ERROR");
}

function made(type: EventType, members: object = {}): BaseEvent {
  return { type, ...members } as BaseEvent;
}

/** Events pass as they are. What the agent did not say of the ending is added. */
class Passing implements Writer {
  #hasErred = false;

  write({ data }: AgentEvent): BaseEvent[] {
    if (!isObject(data) || typeof data.type !== "string") return [];
    this.#hasErred = data.type === "RUN_ERROR";
    return [data as unknown as BaseEvent];
  }

  end(ending: Ending): BaseEvent[] {
    return this.#hasErred ? [] : unhappy(ending);
  }
}

/** Text and tool calls of any framework as events. A tool call ends a message. */
class Wrapping implements Writer {
  readonly #ids: RunIds;
  readonly #requestId: string;
  readonly #text = new TextReader();
  readonly #tools = new ToolReader();
  /** Calls of which a piece of the input was sent. */
  readonly #told = new Set<string>();
  #hasStarted = false;
  #messages = 0;
  #isOpen = false;

  constructor(ids: RunIds, requestId: string) {
    this.#ids = ids;
    this.#requestId = requestId;
  }

  write(event: AgentEvent): BaseEvent[] {
    const changes = this.#tools.read(event);
    return [...this.#start(), ...this.#delta(this.#text.read(event)), ...this.#changed(changes)];
  }

  end(ending: Ending): BaseEvent[] {
    if (ending.outcome !== "completed") return [...this.#start(), ...unhappy(ending)];
    const last = [...this.#changed(this.#tools.end()), ...this.#close()];
    return [...this.#start(), ...last, made(EventType.RUN_FINISHED, this.#ids)];
  }

  #start(): BaseEvent[] {
    if (this.#hasStarted) return [];
    this.#hasStarted = true;
    return [made(EventType.RUN_STARTED, this.#ids)];
  }

  /** The same at each replay, so that a message is not there twice. */
  #messageId(): string {
    return `${this.#requestId}-${this.#messages}`;
  }

  #delta(delta: string): BaseEvent[] {
    if (!delta) return [];
    if (!this.#isOpen) this.#messages += 1;
    const messageId = this.#messageId();
    const start = this.#isOpen ? [] : [made(EventType.TEXT_MESSAGE_START, { messageId, role: "assistant" })];
    this.#isOpen = true;
    return [...start, made(EventType.TEXT_MESSAGE_CONTENT, { messageId, delta })];
  }

  #close(): BaseEvent[] {
    if (!this.#isOpen) return [];
    this.#isOpen = false;
    return [made(EventType.TEXT_MESSAGE_END, { messageId: this.#messageId() })];
  }

  #changed(changes: ToolChange[]): BaseEvent[] {
    return changes.length ? [...this.#close(), ...changes.flatMap((change) => this.#toolEvents(change))] : [];
  }

  #toolEvents(change: ToolChange): BaseEvent[] {
    const toolCallId = change.id;
    if ("start" in change) return [made(EventType.TOOL_CALL_START, { toolCallId, toolCallName: change.start.name })];
    if ("delta" in change) return this.#args(toolCallId, change.delta);
    if ("input" in change) {
      const all = this.#told.has(toolCallId) ? [] : this.#args(toolCallId, asText(change.input));
      return [...all, made(EventType.TOOL_CALL_END, { toolCallId })];
    }
    const result = { messageId: `${toolCallId}-result`, toolCallId, content: asText(change.output), role: "tool" };
    return [made(EventType.TOOL_CALL_RESULT, result)];
  }

  #args(toolCallId: string, delta: string): BaseEvent[] {
    this.#told.add(toolCallId);
    return [made(EventType.TOOL_CALL_ARGS, { toolCallId, delta })];
  }
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** A stop reads as an abort does with AG-UI's own `HttpAgent`. */
function unhappy(ending: Ending): BaseEvent[] {
  if (ending.outcome === "failed") return [made(EventType.RUN_ERROR, { message: ending.message, code: ending.code })];
  return ending.outcome === "stopped" ? [made(EventType.RUN_ERROR, { message: "The run was stopped.", code: "abort" })] : [];
}
