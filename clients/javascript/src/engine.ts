import { Asker } from "./asker.ts";
import { Connection } from "./connection.ts";
import { Delivery } from "./delivery.ts";
import { Emitter } from "./emitter.ts";
import { GatewayError } from "./errors.ts";
import type { Follower, Step } from "./follower.ts";
import { checkIds, newId } from "./ids.ts";
import { promptMessage } from "./message.ts";
import { Outbox } from "./outbox.ts";
import { platformPut } from "./put.ts";
import { Registry } from "./registry.ts";
import type { AgentRun } from "./run.ts";
import type { GatewaySession, SessionHost } from "./session.ts";
import { Sessions } from "./sessions.ts";
import { watchSurroundings } from "./surroundings.ts";
import { now, TIMES } from "./times.ts";
import type { GatewayEvents, GatewayOptions, Prompt, PromptOptions, ResumeOptions, Run, Times } from "./types.ts";

const LOST = { outcome: "failed", retryable: false } as const;
/** Endings that only this client knows of: the gateway may know a better one by now. */
const OWN = new Set(["no_answer", "no_ending"]);
/** A timer that is so late was stopped with its machine; a hidden page's is late by a minute. */
const SLEPT = 90_000;

/** Runs and sessions over the connections there are: asks for what is missing, and sends what waits. `Router` reads what comes. */
export class Engine implements SessionHost {
  readonly times: Times;
  readonly random: () => number;
  readonly emitter = new Emitter<GatewayEvents>();
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly asker: Asker;
  readonly registry: Registry;
  readonly sessions: Sessions;
  readonly sessionId: string;
  readonly #autoConnect: boolean;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #tickedAt = 0;
  #stopWatching: () => void = () => {};
  #isClosed = false;

  constructor(options: GatewayOptions, handlers: { onMessage: (text: string) => void; onGone: () => void }) {
    this.times = { ...TIMES, ...options.times };
    this.random = options.random ?? Math.random;
    this.sessionId = options.sessionId ?? newId();
    checkIds({ sessionId: this.sessionId });
    this.#autoConnect = options.autoConnect ?? true;
    this.registry = new Registry(this.times, this.random);
    this.sessions = new Sessions(this);
    this.asker = new Asker((message) => this.transmit(message), this.times);
    this.connection = new Connection(options, this.times, this.random, {
      onOpen: () => this.#opened(),
      onMessage: handlers.onMessage,
      onSent: (text) => this.#log("sent", text),
      onGone: () => {
        handlers.onGone();
        this.#gone();
      },
    });
    this.outbox = new Outbox({
      put: options.put ?? platformPut(),
      times: this.times,
      random: this.random,
      isOpen: () => this.connection.isOpen,
      send: (text) => this.connection.send(text),
    });
    this.connection.store.subscribe(() => this.emitter.emit("connection", this.connection.store.getSnapshot()));
  }

  connect(): void {
    if (this.#isClosed) throw new TypeError("This client was closed. Make another.");
    if (this.connection.state !== "closed") return;
    this.#tickedAt = now();
    this.#ticker = setInterval(() => this.#tick(), this.times.tick);
    this.#stopWatching = watchSurroundings(() => this.connection.wake());
    this.connection.open();
  }

  disconnect(): void {
    clearInterval(this.#ticker);
    this.#stopWatching();
    this.connection.close();
  }

  close(): void {
    this.#isClosed = true;
    this.disconnect();
    const message = "The client was closed before this run ended. It goes on; resume it.";
    for (const { run } of this.registry.active) run.end({ ...LOST, code: "closed", message });
    for (const { ask } of this.sessions.busy)
      ask.fail(new GatewayError({ ...LOST, code: "closed", message: "The client was closed." }));
  }

  prompt(prompt: Prompt, options: PromptOptions = {}): Run {
    const { sessionId = this.sessionId, requestId = newId(), signal } = options;
    checkIds({ sessionId, requestId });
    const known = this.registry.find({ sessionId, requestId })?.run ?? this.sessions.find(sessionId)?.find(requestId);
    if (known) return stoppedBy(known, signal);
    const ids = { sessionId, requestId };
    const message = promptMessage(prompt, options, ids);
    const text = JSON.stringify(message); // before there is a run, for it throws for what is no JSON
    this.#needConnection();
    const follower = this.adopt({ ...ids, prompt });
    follower.delivery = new Delivery(follower.run, message, text, options.requestId !== undefined);
    this.outbox.add(follower.delivery);
    return stoppedBy(follower.run, signal);
  }

  async resume({ sessionId = this.sessionId, requestId, signal }: ResumeOptions = {}): Promise<Run | null> {
    checkIds({ sessionId, requestId });
    this.#needConnection();
    const session = this.sessions.get(sessionId);
    if (requestId === undefined) {
      const answer = session.ask.answer(signal);
      this.hold(session);
      this.asker.session(session);
      return answer;
    }
    const known = session.find(requestId);
    if (known && !isUncertain(known)) return known;
    const follower = this.adopt({ sessionId, requestId, prompt: null });
    this.asker.run(follower);
    return follower.run;
  }

  /** A run that is new here. */
  adopt(of: { sessionId: string; requestId: string; prompt: Prompt | null }): Follower {
    const session = this.sessions.get(of.sessionId);
    const follower = this.registry.add({ ...of, onStop: () => this.#stop(follower), onEnd: (run) => this.#ended(run) });
    this.sessions.hold(session, true);
    session.add(follower.run);
    this.emitter.emit("run", follower.run);
    return follower;
  }

  followed(session: GatewaySession): void {
    this.hold(session);
    if (!session.isFollowed || this.#isClosed || session.ask.isOpen) return;
    this.#needConnection();
    if (!this.connection.isOpen) return; // it is asked as soon as it stands
    session.ask.want();
    this.asker.session(session);
  }

  /** Does what a follower says. `lost` is why nothing more can be learned, if that is what it says. */
  follow(follower: Follower, step: Step, lost: { code: string; message: string }): void {
    if (step === "resume") this.asker.run(follower);
    if (step === "lost") follower.run.end({ ...LOST, ...lost });
    if (step !== "send" || !follower.delivery) return;
    follower.delivery.again();
    this.outbox.add(follower.delivery);
  }

  transmit(message: object): boolean {
    return this.connection.send(JSON.stringify(message));
  }

  received(text: string, frame: unknown): void {
    this.emitter.emit("frame", { direction: "received", text, frame, at: new Date() });
  }

  #log(direction: "sent", text: string): void {
    if (this.emitter.count("frame")) this.emitter.emit("frame", { direction, text, frame: parsed(text), at: new Date() });
  }

  #needConnection(): void {
    if (this.#autoConnect || this.#isClosed) this.connect();
  }

  #opened(): void {
    for (const follower of this.registry.active) {
      if (follower.run.facts.accepted) this.asker.run(follower);
      if (follower.run.facts.stopping === "asked") this.asker.stop(follower);
    }
    for (const session of this.sessions.busy) {
      // What runs here, or ran last, may come from another device. A resume of a run attaches too.
      if (session.isFollowed && !this.registry.isResumed(session.sessionId)) session.ask.want();
      this.asker.session(session);
    }
    this.outbox.pump();
  }

  #gone(): void {
    for (const follower of this.registry.active) follower.disconnected();
    for (const { ask } of this.sessions.busy) ask.disconnected();
    this.asker.disconnected();
    this.outbox.disconnected();
  }

  #tick(): void {
    const slept = now() - this.#tickedAt > SLEPT;
    this.#tickedAt = now();
    if (slept) this.connection.wake();
    this.connection.tick();
    if (!this.connection.isOpen) return;
    const lost = { code: "no_ending", message: "The gateway does not tell how this run ended." };
    for (const follower of this.registry.active) {
      if (follower.run.facts.accepted) this.follow(follower, follower.due(), lost);
      if (follower.isStopDue) this.asker.stop(follower);
    }
    for (const session of this.sessions.busy) this.asker.session(session);
    this.asker.pump();
    this.outbox.pump();
  }

  #stop(follower: Follower): void {
    const { delivery, run } = follower;
    const neverLeft = delivery && !run.facts.accepted && !delivery.sends && !delivery.mayBeKnown;
    if (neverLeft) run.end({ outcome: "stopped" });
    else this.asker.stop(follower);
  }

  #ended(run: AgentRun): void {
    const follower = this.registry.find(run);
    this.registry.end(run);
    if (follower) this.asker.over(follower);
    this.outbox.remove(run);
    const session = this.sessions.get(run.sessionId);
    session.ended();
    this.hold(session);
  }

  /** Holds a session as long as something happens in it, or somebody listens. */
  hold(session: GatewaySession): void {
    this.sessions.hold(session, session.isFollowed || session.ask.isOpen || this.registry.isBusy(session.sessionId));
  }
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isUncertain({ facts: { ending } }: AgentRun): boolean {
  return ending?.outcome === "failed" && OWN.has(ending.code);
}

/** The run, which stops when the signal is aborted. */
function stoppedBy(run: AgentRun, signal: AbortSignal | undefined): AgentRun {
  if (!signal) return run;
  const stop = () => void run.stop();
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  void run.ending.then(() => signal.removeEventListener("abort", stop));
  return run;
}
