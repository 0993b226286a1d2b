import { SessionAsk } from "./asks.ts";
import { Emitter } from "./emitter.ts";
import type { AgentRun } from "./run.ts";
import { Store } from "./store.ts";
import type { Prompt, PromptOptions, ResumeOptions, Run, Session, SessionSnapshot, Times } from "./types.ts";

/** How many ended runs a session keeps. */
const MAX_RUNS = 50;

export interface SessionHost {
  times: Times;
  random: () => number;
  prompt(prompt: Prompt, options: PromptOptions): Run;
  resume(options: ResumeOptions): Promise<Run | null>;
  /** Somebody listens now, or nobody any more. */
  followed(session: GatewaySession): void;
}

/** A session as this client knows it: its runs, and who wants to hear of more. */
export class GatewaySession implements Session {
  readonly sessionId: string;
  readonly ask: SessionAsk;
  readonly #host: SessionHost;
  readonly #emitter = new Emitter<{ run: Run }>();
  readonly #store: Store<SessionSnapshot>;
  #runs: AgentRun[] = [];

  constructor(sessionId: string, host: SessionHost) {
    this.sessionId = sessionId;
    this.#host = host;
    this.ask = new SessionAsk(host.times, host.random);
    this.#store = new Store(() => ({ sessionId, runs: this.#runs.slice() }));
  }

  get getSnapshot() {
    return this.#store.getSnapshot;
  }

  readonly subscribe = (listener: () => void) => this.#listen(this.#store.subscribe(listener));

  on(type: "run", listener: (run: Run) => void): () => void {
    return this.#listen(this.#emitter.on(type, listener));
  }

  prompt(prompt: Prompt, options: Omit<PromptOptions, "sessionId"> = {}): Run {
    return this.#host.prompt(prompt, { ...options, sessionId: this.sessionId });
  }

  resume(options: Omit<ResumeOptions, "sessionId"> = {}): Promise<Run | null> {
    return this.#host.resume({ ...options, sessionId: this.sessionId });
  }

  /** Whether runs of other devices are wanted. */
  get isFollowed(): boolean {
    return this.#emitter.count("run") + this.#store.subscribers > 0;
  }

  /** The number of the last frame of what ended last: what a resume may leave out. */
  get lastSeq(): number {
    return this.#runs.at(-1)?.order.seq ?? 0;
  }

  find(requestId: string): AgentRun | undefined {
    return this.#runs.find((run) => run.requestId === requestId);
  }

  /** Takes the place of an earlier one of the same request. */
  add(run: AgentRun): void {
    this.#runs = [...this.#runs.filter(({ requestId }) => requestId !== run.requestId), run];
    this.#emitter.emit("run", run);
    this.#store.changed();
  }

  ended(): void {
    this.#forgetOld();
    this.#store.changed();
  }

  #forgetOld(): void {
    const ended = this.#runs.filter((run) => run.hasEnded);
    const old = new Set(ended.slice(0, Math.max(0, ended.length - MAX_RUNS)));
    if (old.size) this.#runs = this.#runs.filter((run) => !old.has(run));
  }

  #listen(off: () => void): () => void {
    this.#host.followed(this);
    return () => {
      off();
      this.#host.followed(this);
    };
  }
}
