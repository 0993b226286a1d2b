import { wordsOf } from "./words.ts";

/** The longest time that one frame's text is spread over. Frames come less often while nothing is written; that says nothing. */
const LONGEST_SPREAD = 1_000;
/** The longest time between two words: a frame of three words is not stretched to a second. */
const LONGEST_PAUSE = 150;
/** Pieces that come within this of each other came in one frame. */
const ONE_FRAME = 15;
/** What waits beyond this comes at once: after a reconnect there may be very much. */
const MOST_WORDS = 400;
/** How much the last interval counts in the estimate of the next. */
const WEIGHT = 0.5;
/** A gateway's frames come ever less often: as the reply's age grows by a quarter between two of them, so do the times between. */
const GROWTH = 1.25;

interface Word {
  text: string;
  /** When it is to be shown. */
  dueAt: number;
}

/**
 * Says when which words of a text are to be shown: without timers of its own, so that a page can ask it in each animation frame.
 * Times are in milliseconds, from any clock that does not go back.
 */
export class Smoother {
  #words: Word[] = [];
  #mean = 0;
  #interval = 0;
  #frameAt: number | undefined;
  #shownAt = Number.NEGATIVE_INFINITY;
  #hasEnded = false;

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether the text has ended and all of it was taken. */
  get isDone(): boolean {
    return this.#hasEnded && this.#words.length === 0;
  }

  /** Text that has come. */
  push(text: string, now: number): void {
    this.#measure(now);
    for (const word of wordsOf(text)) this.#words.push({ text: word, dueAt: Number.POSITIVE_INFINITY });
    this.#plan(now);
  }

  /** No more will come: what is there is due. */
  end(): void {
    this.#hasEnded = true;
  }

  /** In how many milliseconds something is due; null if nothing waits. */
  dueIn(now: number): number | null {
    const [next] = this.#words;
    if (!next) return null;
    return this.#hasEnded ? 0 : Math.max(0, next.dueAt - now);
  }

  /** The text that waits, due or not. It is not taken. */
  get waiting(): string {
    return this.#words.map(({ text }) => text).join("");
  }

  /** All that waits, due or not. */
  takeAll(): string {
    return this.#taken(this.#words.length);
  }

  /** The text that is due. */
  take(now: number): string {
    const later = this.#hasEnded ? -1 : this.#words.findIndex(({ dueAt }) => dueAt > now);
    const text = this.#taken(later < 0 ? this.#words.length : later);
    if (text) this.#shownAt = now;
    return text;
  }

  #taken(count: number): string {
    return this.#words
      .splice(0, count)
      .map(({ text }) => text)
      .join("");
  }

  /** Estimates when the next frame comes, by how the last ones came. */
  #measure(now: number): void {
    const since = this.#frameAt === undefined ? 0 : now - this.#frameAt;
    if (this.#frameAt !== undefined && since < ONE_FRAME) return;
    const mean = this.#mean ? this.#mean + (since - this.#mean) * WEIGHT : since;
    this.#mean = Math.min(mean, LONGEST_SPREAD);
    this.#interval = Math.min(Math.max(this.#mean, since * GROWTH), LONGEST_SPREAD);
    this.#frameAt = now;
  }

  /** Spreads what waits over the time to the next frame. */
  #plan(now: number): void {
    const pause = Math.min(this.#interval / this.#words.length, LONGEST_PAUSE);
    const from = Math.max(now, this.#shownAt + pause);
    const surplus = Math.max(0, this.#words.length - MOST_WORDS);
    this.#words.forEach((word, at) => {
      const dueAt = at < surplus ? now : from + (at - surplus) * pause;
      word.dueAt = Math.min(word.dueAt, dueAt); // a word is never put off
    });
  }
}
