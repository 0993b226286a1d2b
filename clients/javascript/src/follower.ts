import type { Delivery } from "./delivery.ts";
import type { ServerFrame } from "./protocol.ts";
import type { AgentRun } from "./run.ts";
import { backoff, now } from "./times.ts";
import type { Times } from "./types.ts";

type Resumed = Extract<ServerFrame, { type: "resumed" }>;

/** What the client does about a run now. */
export type Step = "resume" | "send" | "lost" | null;

/** When to ask the gateway for what is missing of a run that has been accepted. */
export class Follower {
  readonly run: AgentRun;
  /** What was sent to ask for it, if it was asked here. */
  delivery: Delivery | null = null;
  #stopAt: number | null = null;
  readonly #times: Times;
  readonly #random: () => number;
  /** A resume of this run is to be answered, or was refused for now. */
  #isAsking = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  #refusals = 0;
  #notBefore = 0;
  /** When the gateway last said something of the run. */
  #knownAt = now();
  #queuedAt = now();
  /** `resumed` said that it has ended, or is unknown, and what is missing has not come yet. */
  #isMissing = false;
  /** Something came since the last `resumed`. */
  #hasMoved = false;
  #hasRestarted = false;
  /** It may be under way since before it was accepted now: then no frame comes by itself. */
  #isUnsure = false;

  constructor(run: AgentRun, times: Times, random: () => number) {
    this.run = run;
    this.#times = times;
    this.#random = random;
  }

  get isAsking(): boolean {
    return this.#isAsking;
  }

  asked(): void {
    this.#isAsking = true;
    this.#askedAt = now();
    this.#isMissing = this.#isUnsure = false;
  }

  stopAsked(): void {
    this.#stopAt = now();
  }

  /** A stop got no answer, or was refused for now. */
  get isStopDue(): boolean {
    return this.run.facts.stopping === "asked" && this.#stopAt !== null && now() - this.#stopAt >= this.#times.ask;
  }

  /** Nobody will answer any more what was asked. */
  disconnected(): void {
    this.#isAsking = this.#isMissing = false;
    this.#askedAt = Number.NEGATIVE_INFINITY;
  }

  accepted(isUnsure: boolean): void {
    this.#knownAt = this.#queuedAt = now();
    this.#isUnsure = isUnsure;
  }

  /** A frame of the run came; `hasMoved` if it is one more in order. */
  heard(hasMoved: boolean): void {
    this.#knownAt = now();
    this.#hasMoved ||= hasMoved;
  }

  /** A resume was refused for now. */
  refused(): void {
    this.#notBefore = now() + Math.max(this.#times.ask, backoff(this.#refusals, this.#times, this.#random));
    this.#refusals += 1;
  }

  resumed({ after, state }: Resumed): Step {
    const { run } = this;
    this.#isAsking = false;
    this.#refusals = 0;
    if (after > run.order.after) return "resume"; // it was asked for another run's number
    const isForgotten = now() - this.#knownAt > this.#times.window;
    this.#knownAt = now();
    this.#hasMoved = false;
    this.#isMissing = state !== "running" && (state !== "queued" || run.order.seq > 0);
    if (state === "running") this.#hasRestarted = false;
    if (state !== "queued" || run.facts.state !== "queued") return null;
    if (now() - this.#queuedAt < this.#times.queued) return null;
    this.#queuedAt = now();
    return isForgotten || !run.facts.prompt ? "lost" : "send";
  }

  /** What the clock says. */
  due(): Step {
    const at = now();
    if (at < this.#notBefore) return null;
    const hasPassed = (since: number, time: number) => at - since >= time;
    const { ask, silence } = this.#times;
    const { order } = this.run;
    if (this.isAsking) return hasPassed(this.#askedAt, ask) ? "resume" : null;
    if (this.#isUnsure && order.seq === 0 && !order.hasGap) return hasPassed(this.#knownAt, ask) ? "resume" : null;
    if (this.#isMissing) return hasPassed(this.#knownAt, ask) ? this.#missing() : null;
    if (order.hasGap) return hasPassed(this.#askedAt, ask) ? "resume" : null;
    return hasPassed(Math.max(this.#knownAt, this.#askedAt), silence) ? "resume" : null;
  }

  /** What the client has may be beyond the end of a run whose worker died (rule I2): it asks from the start, once. */
  #missing(): Step {
    this.#isMissing = false; // the resume may wait for its turn: only its own answer says more
    if (this.#hasMoved) return "resume"; // the replay stalls: a slow network
    if (this.#hasRestarted) return "lost";
    this.#hasRestarted = true;
    this.run.order.restart();
    return "resume";
  }
}
