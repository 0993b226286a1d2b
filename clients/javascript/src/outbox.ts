import type { Delivery } from "./delivery.ts";
import type { ServerFrame } from "./protocol.ts";
import type { AgentRun } from "./run.ts";
import type { Put, Times } from "./types.ts";
import { Uploads } from "./uploads.ts";

type Rejected = Extract<ServerFrame, { type: "rejected" }>;

/** Refusals of a stop or a resume. No prompt is refused so, and one that waits here may have both under way. */
const OF_OTHERS = new Set(["not_found", "replay_expired"]);

/** How many prompts wait to be accepted, and how many characters they have together. */
export const MAX_WAITING = 256;
const MAX_WAITING_TEXT = 128_000_000;

export interface OutboxOptions {
  put: Put;
  times: Times;
  random: () => number;
  isOpen: () => boolean;
  send: (text: string) => boolean;
}

/**
 * Prompts that are not known to be accepted. Those of one session leave one after the other, each when the one before it has been
 * accepted, for else their order would be chance (rule I4); sessions do not wait for each other.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #uploads: Uploads;
  readonly #lines = new Map<string, Delivery[]>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#uploads = new Uploads({
      put: options.put,
      transmit: (message) => options.send(JSON.stringify(message)),
      later: (delivery, tries) => delivery.later(tries, options.times, options.random),
      goOn: () => this.pump(),
    });
  }

  #all(): Delivery[] {
    return [...this.#lines.values()].flat();
  }

  /** What is the first in each line. */
  #heads(): Delivery[] {
    return [...this.#lines.values()].flatMap((line) => line.slice(0, 1));
  }

  find(run: AgentRun): Delivery | undefined {
    return this.#lines.get(run.sessionId)?.find((delivery) => delivery.run === run);
  }

  add(delivery: Delivery): void {
    const all = this.#all();
    const text = all.reduce((sum, { text }) => sum + text.length, delivery.text.length);
    if (all.length >= MAX_WAITING || text > MAX_WAITING_TEXT) {
      const message = `${all.length} prompts wait to be accepted, and no more are kept. Send this one again when some have been.`;
      return delivery.run.end({ outcome: "failed", code: "too_many_prompts", message, retryable: true });
    }
    const { sessionId } = delivery.run;
    this.#lines.set(sessionId, [...(this.#lines.get(sessionId) ?? []), delivery]);
    this.pump();
  }

  /** Sends what is due. */
  pump(): void {
    if (this.#options.isOpen()) for (const head of this.#heads()) this.#push(head);
  }

  /** Its run has ended, or was accepted. */
  remove(run: AgentRun): void {
    const delivery = this.find(run);
    if (!delivery) return;
    this.#uploads.cancel(delivery);
    const rest = (this.#lines.get(run.sessionId) ?? []).filter((other) => other !== delivery);
    if (rest.length) this.#lines.set(run.sessionId, rest);
    else this.#lines.delete(run.sessionId);
    this.pump();
  }

  offered(offer: Extract<ServerFrame, { type: "upload" }>): void {
    this.#uploads.offered(offer);
  }

  /** Takes a refusal if it is one of what waits here. */
  rejected(frame: Rejected): boolean {
    if (OF_OTHERS.has(frame.code)) return false;
    if (this.#uploads.rejected(frame)) return true;
    const delivery = this.#heads().find(({ run, sends }) => run.requestId === frame.requestId && sends > 0);
    if (!delivery) return false;
    const { code, message, retryable } = frame;
    delivery.refused();
    // An earlier copy may have been taken: a refusal that may pass says nothing about it.
    if (retryable && !delivery.isHopeless) this.#later(delivery);
    else if (retryable && !delivery.isAllRefused) noAnswer(delivery);
    else delivery.run.end({ outcome: "failed", code, message, retryable });
    return true;
  }

  /** A message of API Gateway itself does not say what it answers: it can mean whatever is unanswered. */
  gatewayError(): void {
    for (const head of this.#heads()) if (head.isUnanswered) this.#later(head);
  }

  disconnected(): void {
    this.#uploads.disconnected();
    for (const delivery of this.#all()) delivery.disconnected();
  }

  #push(delivery: Delivery): void {
    if (this.#uploads.isPutting(delivery) || !delivery.isDue(this.#options.times)) return;
    if (delivery.isHopeless || delivery.isTooOld(this.#options.times)) return noAnswer(delivery);
    if (delivery.body) return this.#uploads.ask(delivery);
    delivery.sent();
    this.#options.send(delivery.text);
  }

  #later(delivery: Delivery): void {
    delivery.later(delivery.sends, this.#options.times, this.#options.random);
  }
}

function noAnswer({ run }: Delivery): void {
  const message = "The gateway did not say whether it took this prompt.";
  run.end({ outcome: "failed", code: "no_answer", message, retryable: false });
}
