import { GatewayError } from "./errors.ts";
import { backoff, now } from "./times.ts";
import type { Run, Times } from "./types.ts";

interface Waiter {
  resolve: (run: Run | null) => void;
  reject: (error: unknown) => void;
  /** Stops to listen for its signal, which may outlive it by far. */
  off: () => void;
}

/** The question what runs, or ran last, in a session; asked again until it is answered. */
export class SessionAsk {
  readonly #times: Times;
  readonly #random: () => number;
  readonly #waiters = new Set<Waiter>();
  #isWanted = false;
  /** It was sent, and has no answer yet. */
  #isAsked = false;
  #tries = 0;
  #dueAt = 0;

  constructor(times: Times, random: () => number) {
    this.#times = times;
    this.#random = random;
  }

  get isOpen(): boolean {
    return this.#isWanted;
  }

  /** Whether an answer may come. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** Whether it is to be sent now. */
  get isDue(): boolean {
    return this.#isWanted && now() >= this.#dueAt;
  }

  want(): void {
    this.#isWanted = true;
  }

  /** Answered with the run, or with null where there is none. */
  answer(signal?: AbortSignal): Promise<Run | null> {
    this.want();
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiters.delete(waiter);
        reject(signal?.reason);
      };
      const waiter = { resolve, reject, off: () => signal?.removeEventListener("abort", abort) };
      this.#waiters.add(waiter);
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }

  sent(): void {
    this.#isAsked = true;
    this.#dueAt = now() + this.#times.ask;
  }

  disconnected(): void {
    this.#isAsked = false;
    this.#dueAt = 0;
  }

  resumed(run: Run | null): void {
    for (const { resolve } of this.#settle()) resolve(run);
  }

  /** What may pass is asked again after a while. */
  rejected(refusal: { code: string; message: string; retryable: boolean }): void {
    if (refusal.retryable) {
      this.#isAsked = false;
      this.#dueAt = now() + Math.max(this.#times.ask, backoff(this.#tries, this.#times, this.#random));
      this.#tries += 1;
      return;
    }
    this.fail(new GatewayError(refusal));
  }

  fail(error: unknown): void {
    for (const { reject } of this.#settle()) reject(error);
  }

  #settle(): Waiter[] {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const { off } of waiters) off();
    this.#isWanted = this.#isAsked = false;
    this.#tries = this.#dueAt = 0;
    return waiters;
  }
}
