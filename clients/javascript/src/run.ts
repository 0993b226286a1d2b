import { GatewayError } from "./errors.ts";
import { FrameOrder, isTerminal, type Taken } from "./order.ts";
import type { NumberedFrame, ResumedState, RunFrame, TerminalFrame } from "./protocol.ts";
import { Slices } from "./slices.ts";
import { smooth } from "./smooth.ts";
import { Store } from "./store.ts";
import { TextReader } from "./text.ts";
import type { AgentEvent, Ending, Prompt, Run, RunSnapshot, TextOptions } from "./types.ts";

type Facts = Omit<RunSnapshot, "requestId" | "sessionId" | "events" | "text" | "seq">;
/** Distributes, so that each kind of ending keeps its own members. */
type Outcome = Ending extends infer E ? (E extends Ending ? Omit<E, "kept"> : never) : never;

/** A run that was first asked here so many milliseconds ago has begun since: that it is found running is no replay of long ago. */
const JUST_NOW = 5_000;

export interface RunOptions {
  requestId: string;
  sessionId: string;
  /** Null for a run that was asked elsewhere. */
  prompt: Prompt | null;
  /** Called when a stop is asked for. */
  onStop: (run: AgentRun) => void;
  /** Called once, when it has ended. */
  onEnd: (run: AgentRun) => void;
}

/** A run as far as it is known: what was taken of its frames, and who waits for more. Nothing here knows of connections. */
export class AgentRun implements Run {
  readonly requestId: string;
  readonly sessionId: string;
  readonly ending: Promise<Ending>;
  readonly order = new FrameOrder();
  readonly #options: RunOptions;
  readonly #slices = new Slices();
  readonly #store = new Store(() => this.#snapshot());
  #events: AgentEvent[] = [];
  #reader = new TextReader();
  #text = "";
  #read = 0;
  /** Whether `started` was seen as it happened; replayed it says nothing about when that was. */
  #joinedLate = false;
  #resolve!: (ending: Ending) => void;
  #facts: Facts;

  constructor(options: RunOptions) {
    this.#options = options;
    this.requestId = options.requestId;
    this.sessionId = options.sessionId;
    this.ending = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#facts = {
      state: options.prompt === null ? "queued" : "sending",
      accepted: options.prompt === null,
      ending: null,
      stopping: null,
      waiting: null,
      background: false,
      upload: null,
      askedAt: Date.now(),
      startedAt: null,
      firstEventAt: null,
      endedAt: null,
      endedUnseen: false,
      prompt: options.prompt,
    };
  }

  get subscribe() {
    return this.#store.subscribe;
  }
  get getSnapshot() {
    return this.#store.getSnapshot;
  }
  get facts(): Readonly<Facts> {
    return this.#facts;
  }
  get hasEnded(): boolean {
    return this.#facts.ending !== null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AgentEvent> {
    for (let at = 0; ; ) {
      for (let event = this.#events[at]; event; event = this.#events[at]) {
        at += 1;
        yield event;
      }
      if (this.hasEnded) return;
      await this.#change();
    }
  }

  text({ smooth: isSmooth = false }: TextOptions = {}): AsyncIterable<string> {
    return isSmooth ? smooth(this.#pieces()) : this.#pieces();
  }

  async result(): Promise<string> {
    const ending = await this.ending;
    if (ending.outcome === "failed") throw new GatewayError(ending);
    return this.getSnapshot().text;
  }

  stop(): Promise<Ending> {
    if (!this.hasEnded && !this.#facts.stopping) {
      this.note({ stopping: "asked" });
      this.#options.onStop(this);
    }
    return this.ending;
  }

  /** Takes what was learned beside its frames. */
  note(facts: Partial<Facts>): void {
    this.#facts = { ...this.#facts, ...facts };
    this.#store.changed();
  }

  accepted(): void {
    if (this.#facts.accepted && this.#facts.state !== "sending") return;
    this.note({ accepted: true, ...(this.#facts.state === "sending" && { state: "queued" }) });
  }

  /** A resume found it in this state: what comes now is replayed, and says nothing about when it was, if it may be of long ago. */
  resumedAs(state: ResumedState, mayBeKnown: boolean): void {
    if (state === "queued" || state === "idle" || this.hasEnded) return;
    const { startedAt, askedAt } = this.#facts;
    const isNew = !mayBeKnown && Date.now() - askedAt < JUST_NOW;
    this.#joinedLate ||= startedAt === null && !isNew;
    if (state === "running") return this.#running({});
    this.note({ endedUnseen: this.#joinedLate });
    this.accepted();
  }

  take(frame: RunFrame): void {
    if (this.hasEnded) return;
    if (frame.type === "progress") return this.#progress(frame);
    const taken = this.order.take(frame);
    this.#void(taken);
    for (const next of taken.frames) this.#deliver(next);
  }

  /** Ends it with what the gateway or this client says. */
  end(outcome: Outcome): void {
    if (this.hasEnded) return;
    const ending: Ending = outcome.outcome === "failed" ? { ...outcome, kept: this.#events.length } : outcome;
    this.note({
      state: ending.outcome,
      ending,
      endedAt: this.#facts.endedUnseen ? null : Date.now(),
      stopping: null,
      waiting: null,
    });
    this.#resolve(ending);
    this.#options.onEnd(this);
  }

  #deliver(frame: NumberedFrame): void {
    if (isTerminal(frame)) return this.end(outcomeOf(frame as TerminalFrame));
    if (frame.type === "started") return this.#running({ startedAt: this.#joinedLate ? this.#facts.startedAt : Date.now() });
    if (frame.type !== "output") return;
    const events = this.#slices.read(frame);
    this.#events.push(...events);
    const isFirst = events.length > 0 && this.#facts.firstEventAt === null && !this.#joinedLate;
    this.#running({ waiting: null, ...(isFirst && { firstEventAt: Date.now() }) });
  }

  #progress({ elapsedMs, waiting }: Extract<RunFrame, { type: "progress" }>): void {
    this.#running({ waiting: waiting ?? null, ...(Number.isFinite(elapsedMs) && { startedAt: Date.now() - elapsedMs }) });
  }

  #running(facts: Partial<Facts>): void {
    this.note({ accepted: true, state: "running", ...facts });
  }

  #void({ voidFrom }: Taken): void {
    if (voidFrom === null) return;
    this.#events = this.#events.filter(({ seq }) => seq < voidFrom);
    this.#reader = new TextReader();
    this.#text = "";
    this.#read = 0;
  }

  #snapshot(): RunSnapshot {
    for (; this.#read < this.#events.length; this.#read += 1)
      this.#text += this.#reader.read(this.#events[this.#read] as AgentEvent);
    const { requestId, sessionId } = this;
    return { requestId, sessionId, ...this.#facts, events: this.#events.slice(), text: this.#text, seq: this.order.seq };
  }

  async *#pieces(): AsyncGenerator<string> {
    const reader = new TextReader();
    for await (const event of this) {
      const text = reader.read(event);
      if (text) yield text;
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const off = this.subscribe(() => {
        off();
        resolve();
      });
    });
  }
}

function outcomeOf(frame: TerminalFrame): Outcome {
  if (frame.type !== "failed") return { outcome: frame.type };
  return { outcome: "failed", code: frame.code, message: frame.message, retryable: frame.retryable };
}
