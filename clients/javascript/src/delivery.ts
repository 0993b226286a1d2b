import { type PromptMessage, uploadBody, uploadedMessage } from "./message.ts";
import { MAX_FRAME_BYTES } from "./protocol.ts";
import type { AgentRun } from "./run.ts";
import { backoff, now } from "./times.ts";
import type { Times } from "./types.ts";

/** How often a prompt is sent that gets no answer or is refused for now, and how often its upload is begun. */
export const MAX_TRIES = 8;

/** How often it is sent at all: what no connection outlives may be what ends them. */
const MAX_SENDS = 100;

/** A prompt on its way until the gateway says that it has taken it. */
export class Delivery {
  readonly run: AgentRun;
  readonly message: PromptMessage;
  /** Made at once: what the caller does to its objects later is no matter. */
  text: string;
  /** Since when the gateway may know it, and begin to forget it; null if it was never sent. */
  #knownSince: number | null;
  sends = 0;
  #refusals = 0;
  /** As many of them were lost with their connections. */
  #cuts = 0;
  /** An earlier client may have sent it under this id. */
  readonly mayBeKnown: boolean;
  /** When it was last sent, while that has no answer. */
  #sentAt: number | null = null;
  #notBefore = 0;
  /** The text to upload if it does not fit a frame; null once it is there. */
  body: Uint8Array | null;

  /** `text` is that of the message. */
  constructor(run: AgentRun, message: PromptMessage, text: string, mayBeKnown: boolean) {
    this.run = run;
    this.message = message;
    this.text = text;
    this.mayBeKnown = mayBeKnown;
    this.#knownSince = mayBeKnown ? now() : null;
    this.body = fitsFrame(this.text) ? null : uploadBody(message);
  }

  get isUnanswered(): boolean {
    return this.#sentAt !== null;
  }

  /** It was sent, or where to upload it was asked. */
  asked(): void {
    this.#sentAt = now();
  }

  sent(): void {
    this.sends += 1;
    this.#knownSince ??= now();
    this.asked();
  }

  /** The gateway may have ended and forgotten it: sent again then, it would run again. */
  isTooOld({ window }: Times): boolean {
    return this.#knownSince !== null && now() - this.#knownSince > window;
  }

  /** It was accepted, and has been queued for so long that it is sent once more. */
  again(): void {
    this.#knownSince = now();
    this.sends = 1;
    this.#cuts = 0;
  }

  /** Its connection is gone, and no answer will come. */
  disconnected(): void {
    if (this.#sentAt !== null && !this.body) this.#cuts += 1;
    this.#sentAt = null;
  }

  get isHopeless(): boolean {
    return this.sends - this.#cuts >= MAX_TRIES || this.sends >= MAX_SENDS;
  }

  refused(): void {
    this.#refusals += 1;
  }

  /** Not so where a copy got no answer: that one may have run. */
  get isAllRefused(): boolean {
    return this.#refusals >= this.sends;
  }

  /** It is tried again after a while. */
  later(tries: number, times: Times, random: () => number): void {
    this.#sentAt = null;
    this.#notBefore = now() + times.backoffBase + backoff(tries, times, random);
  }

  isDue(times: Times): boolean {
    return now() >= this.#notBefore && (this.#sentAt === null || now() - this.#sentAt >= times.answer);
  }

  uploaded(uploadId: string): void {
    this.text = JSON.stringify(uploadedMessage(this.message, uploadId));
    this.body = null;
    this.#sentAt = null;
  }
}

function fitsFrame(text: string): boolean {
  return text.length * 3 <= MAX_FRAME_BYTES || new TextEncoder().encode(text).length <= MAX_FRAME_BYTES;
}
