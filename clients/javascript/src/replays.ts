import { now } from "./times.ts";
import type { Times } from "./types.ts";

/**
 * Lets resumes go one after the other: a connection gets one replay at a time, and a newer one ends the older. A replay is over when
 * its run has ended, when nothing is replayed, or when nothing has come of it for a while; that of a run that goes on is no matter,
 * for its rest comes live.
 */
export class Replays {
  readonly #times: Pick<Times, "ask">;
  /** How to ask for each that waits, in order; false if there is no connection. */
  readonly #waiting = new Map<object, () => boolean>();
  #current: object | null = null;
  #movedAt = 0;

  constructor(times: Pick<Times, "ask">) {
    this.#times = times;
  }

  /** Sends it when its turn comes, and once only until then. */
  want(what: object, send: () => boolean): void {
    if (what === this.#current) this.#current = null; // it is asked again: its replay did not come
    if (!this.#waiting.has(what)) this.#waiting.set(what, send);
    this.pump();
  }

  /** Something of its replay has come. */
  moved(what: object): void {
    if (what === this.#current) this.#movedAt = now();
  }

  /** The question what runs in a session turned out to be one for this run. */
  turnedOut(question: object, run: object): void {
    if (question === this.#current) this.#current = run;
  }

  /** Nothing more of it is replayed, or wanted. */
  over(what: object): void {
    this.#waiting.delete(what);
    if (what !== this.#current) return;
    this.#current = null;
    this.pump();
  }

  disconnected(): void {
    this.#waiting.clear();
    this.#current = null;
  }

  /** Sends the next, if its turn has come. */
  pump(): void {
    if (this.#current && now() - this.#movedAt < this.#times.ask) return;
    for (const [what, send] of this.#waiting) {
      this.#waiting.delete(what);
      this.#current = what;
      this.#movedAt = now();
      if (send()) return;
      this.#current = null;
    }
  }
}
