import type { NumberedFrame } from "./protocol.ts";

/** What a frame brought. */
export interface Taken {
  /** Frames that are next in order, oldest first. */
  frames: NumberedFrame[];
  /** From this number on, what was delivered before is void; null if all holds. */
  voidFrom: number | null;
}

const TERMINAL = new Set(["completed", "failed", "stopped"]);
export const isTerminal = (frame: NumberedFrame): boolean => TERMINAL.has(frame.type);

const NOTHING: Taken = { frames: [], voidFrom: null };

/** The frames of one run in the order of `seq`, each once (rule I2). Those beyond a gap are held. */
export class FrameOrder {
  #seq = 0;
  readonly #held = new Map<number, NumberedFrame>();
  /** How far a replay from the start has come, while there is one; what it brings is known to be durable. */
  #replayed: number | null = null;

  /** The number of the last frame in order. */
  get seq(): number {
    return this.#seq;
  }

  /** What to give as `after` in a resume. */
  get after(): number {
    return this.#replayed ?? this.#seq;
  }

  get hasGap(): boolean {
    return this.#held.size > 0;
  }

  /** The next resume asks for everything: what is here may be beyond the end of a run whose worker died. */
  restart(): void {
    this.#replayed = 0;
    this.#held.clear(); // it comes again if it holds
  }

  take(frame: NumberedFrame): Taken {
    if (!Number.isSafeInteger(frame.seq) || frame.seq < 1) return NOTHING;
    const isDurable = this.#replayed !== null && frame.seq === this.#replayed + 1;
    if (isDurable) this.#replayed = frame.seq < this.#seq ? frame.seq : null;
    if (this.#replaces(frame, isDurable)) return this.#replace(frame);
    if (frame.seq <= this.#seq) return NOTHING;
    if (isInterrupted(frame)) this.#voidHeld(frame.seq);
    if (!this.#held.has(frame.seq)) this.#held.set(frame.seq, frame);
    return { frames: this.#ready(), voidFrom: null };
  }

  #replaces(frame: NumberedFrame, isDurable: boolean): boolean {
    return frame.seq <= this.#seq && (isInterrupted(frame) || (isDurable && isTerminal(frame)));
  }

  #replace(frame: NumberedFrame): Taken {
    this.#held.clear();
    this.#seq = frame.seq;
    this.#replayed = null;
    return { frames: [frame], voidFrom: frame.seq };
  }

  #voidHeld(from: number): void {
    for (const seq of this.#held.keys()) if (seq >= from) this.#held.delete(seq);
  }

  #ready(): NumberedFrame[] {
    const frames: NumberedFrame[] = [];
    for (let next = this.#held.get(this.#seq + 1); next; next = this.#held.get(this.#seq + 1)) {
      this.#seq += 1;
      this.#held.delete(this.#seq);
      frames.push(next);
      if (isTerminal(next)) this.#held.clear(); // there is nothing behind an ending
    }
    return frames;
  }
}

function isInterrupted(frame: NumberedFrame): boolean {
  return frame.type === "failed" && frame.code === "interrupted";
}
