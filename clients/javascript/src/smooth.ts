import { Smoother } from "./smooth/smoother.ts";

export { Smoother };

/**
 * Spreads pieces of text that come together, as those of one frame do, over the time to the next: word by word, and no word more than
 * about a second later than it came. What is there when the text ends comes at once.
 */
export async function* smooth(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  const source = pieces[Symbol.asyncIterator]();
  const smoother = new Smoother();
  const alarm = new Alarm();
  let failure: { error: unknown } | undefined;
  const ended = feed(source, smoother, alarm).catch((error: unknown) => {
    failure = { error };
    smoother.end();
    alarm.ring();
  });
  try {
    while (!smoother.isDone) {
      const text = smoother.take(now());
      if (text) yield text;
      else if (!smoother.isDone) await alarm.at(smoother.dueIn(now()));
    }
    await ended;
    if (failure) throw failure.error;
  } finally {
    alarm.ring();
    if (!smoother.hasEnded) source.return?.().catch(() => {});
  }
}

async function feed(source: AsyncIterator<string>, smoother: Smoother, alarm: Alarm): Promise<void> {
  for (let next = await source.next(); !next.done; next = await source.next()) {
    smoother.push(next.value, now());
    alarm.ring();
  }
  smoother.end();
  alarm.ring();
}

function now(): number {
  return performance.now();
}

/** Waits for a time, or until it is rung. */
class Alarm {
  #wake: () => void = () => {};

  at(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  ring(): void {
    this.#wake();
  }
}
