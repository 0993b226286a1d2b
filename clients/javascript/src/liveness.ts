import type { Times } from "./types.ts";

/**
 * Whether the other side of a connection is there. TCP does not tell for many minutes when a network is gone, but each message has
 * an answer: where none comes a ping asks, which the gateway answers by itself, and then the connection is given up.
 */
export class Liveness {
  readonly #times: Pick<Times, "probe" | "dead">;
  readonly #probe: () => void;
  readonly #dead: () => void;
  #timers: ReturnType<typeof setTimeout>[] = [];

  constructor(times: Pick<Times, "probe" | "dead">, probe: () => void, dead: () => void) {
    this.#times = times;
    this.#probe = probe;
    this.#dead = dead;
  }

  /** Something was sent. The oldest unanswered message counts. */
  asked(): void {
    if (this.#timers.length) return;
    const { probe, dead } = this.#times;
    this.#timers = [setTimeout(this.#probe, probe), setTimeout(this.#dead, dead)];
  }

  /** Something came: the other side is there. */
  heard(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}
