import { Follower } from "./follower.ts";
import { requestKey } from "./ids.ts";
import { AgentRun, type RunOptions } from "./run.ts";
import type { Times } from "./types.ts";

/** How many ended requests are remembered, so that their late frames do not look like news. */
const MAX_ENDED = 1_000;

interface Ids {
  sessionId: string;
  requestId: string;
}

/** The runs that have not ended, each with when to ask for it. */
export class Registry {
  readonly #active = new Map<string, Follower>();
  readonly #ended = new Set<string>();
  readonly #times: Times;
  readonly #random: () => number;

  constructor(times: Times, random: () => number) {
    this.#times = times;
    this.#random = random;
  }

  get active(): readonly Follower[] {
    return [...this.#active.values()];
  }

  find({ sessionId, requestId }: Ids): Follower | undefined {
    return this.#active.get(requestKey(sessionId, requestId));
  }

  hasEnded({ sessionId, requestId }: Ids): boolean {
    return this.#ended.has(requestKey(sessionId, requestId));
  }

  isBusy(sessionId: string): boolean {
    return this.active.some(({ run }) => run.sessionId === sessionId);
  }

  /** Whether a run of the session is resumed on each new connection. */
  isResumed(sessionId: string): boolean {
    return this.active.some(({ run }) => run.sessionId === sessionId && run.facts.accepted);
  }

  add(options: RunOptions): Follower {
    const key = requestKey(options.sessionId, options.requestId);
    const follower = new Follower(new AgentRun(options), this.#times, this.#random);
    this.#ended.delete(key);
    this.#active.set(key, follower);
    return follower;
  }

  end({ sessionId, requestId }: Ids): void {
    const key = requestKey(sessionId, requestId);
    this.#active.delete(key);
    this.#ended.add(key);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
  }
}
