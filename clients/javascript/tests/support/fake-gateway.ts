import { TextReader } from "../../src/text.ts";
import type { AgentEvent, Ending, Prompt, PromptOptions, ResumeOptions, Run, RunSnapshot } from "../../src/types.ts";

/** A run that the test gives events and an ending. */
export class FakeRun implements Run {
  readonly requestId: string;
  readonly sessionId: string;
  readonly ending: Promise<Ending>;
  readonly events: AgentEvent[] = [];
  stops = 0;
  endedUnseen = false;
  listeners = new Set<() => void>();
  #ended: Ending | null = null;
  #resolve!: (ending: Ending) => void;

  constructor(requestId = "r1", sessionId = "s1") {
    this.requestId = requestId;
    this.sessionId = sessionId;
    this.ending = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  push(...events: readonly unknown[]): this {
    for (const data of events) this.events.push({ name: "message", data, seq: this.events.length + 2 });
    this.#changed();
    return this;
  }

  end(ending: Ending = { outcome: "completed" }): this {
    this.#ended = ending;
    this.#resolve(ending);
    this.#changed();
    return this;
  }

  fail(code: string, message: string): this {
    return this.end({ outcome: "failed", code, message, retryable: false, kept: this.events.length });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AgentEvent> {
    for (let at = 0; ; ) {
      for (let event = this.events[at]; event; event = this.events[at]) {
        at += 1;
        yield event;
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        const off = this.subscribe(() => {
          off();
          resolve();
        });
      });
    }
  }

  async *text(): AsyncGenerator<string> {
    const reader = new TextReader();
    for await (const event of this) yield reader.read(event);
  }

  async result(): Promise<string> {
    return "";
  }

  async stop(): Promise<Ending> {
    this.stops += 1;
    if (!this.#ended) this.end({ outcome: "stopped" });
    return this.ending;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): RunSnapshot => ({ ending: this.#ended, endedUnseen: this.endedUnseen }) as unknown as RunSnapshot;

  #changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** As much of a client as the adapters use; it notes what is asked of it. */
export class FakeGateway {
  readonly prompts: { prompt: Prompt; options: PromptOptions }[] = [];
  readonly resumes: ResumeOptions[] = [];
  run = new FakeRun();
  /** What a resume finds. */
  latest: { run: FakeRun; state: string } | null = null;

  prompt = (prompt: Prompt, options: PromptOptions = {}): Run => {
    this.prompts.push({ prompt, options });
    options.signal?.addEventListener("abort", () => void this.run.stop());
    return this.run;
  };

  resume = async (options: ResumeOptions = {}): Promise<Run | null> => {
    this.resumes.push(options);
    if (!this.latest) return null;
    this.latest.run.endedUnseen = ["completed", "failed", "stopped"].includes(this.latest.state);
    return this.latest.run;
  };
}
