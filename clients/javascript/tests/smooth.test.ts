import assert from "node:assert/strict";
import { mock, type TestContext, test } from "node:test";
import fc from "fast-check";
import { wordsOf } from "../src/smooth/words.ts";
import { Smoother, smooth } from "../src/smooth.ts";

test("A text is cut into words, with their spaces and stops", () => {
  assert.deepEqual(wordsOf("Start at Fushimi Inari, before eight."), [
    "Start ",
    "at ",
    "Fushimi ",
    "Inari, ",
    "before ",
    "eight.",
  ]);
  assert.ok(wordsOf("私は東京に住んでいます").length > 3);
  assert.deepEqual(wordsOf(""), []);
});

test("Words are the text, whatever it is", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => assert.equal(wordsOf(text).join(""), text)));
});

/** When each word was due, by asking each 5 ms, as a page would. */
function shown(frames: { at: number; text: string }[], until: number): { at: number; text: string }[] {
  const smoother = new Smoother();
  const out = [];
  for (let now = 0; now <= until; now += 5) {
    for (const frame of frames) if (frame.at === now) smoother.push(frame.text, now);
    const text = smoother.take(now);
    if (text) out.push({ at: now, text });
  }
  return out;
}

test("The first frame comes at once; the next is spread over the time to the one that is expected then", () => {
  const out = shown(
    [
      { at: 0, text: "a b c d" },
      { at: 400, text: "e f g h" },
    ],
    1_000,
  );
  assert.deepEqual(out, [
    { at: 0, text: "a b c d" },
    { at: 400, text: "e " },
    { at: 525, text: "f " },
    { at: 650, text: "g " },
    { at: 775, text: "h" },
  ]);
});

test("At a frame a second no pause is longer than 150 ms", () => {
  const frames = Array.from({ length: 8 }, (_, index) => ({
    at: index * 1_000,
    text: "one two three four five six seven eight nine ten ",
  }));
  const times = shown(frames, 9_000).map(({ at }) => at);
  const pauses = times.slice(2).map((at, index) => at - (times[index + 1] ?? 0));
  assert.ok(Math.max(...pauses) <= 150, `${pauses}`);
});

/** When frames leave whose distance is a quarter of the reply's age, from 100 ms to a second. */
function pacedFrames(until: number): number[] {
  const times = [0];
  for (let at = 0; at < until; times.push(Math.round(at / 5) * 5)) at += Math.min(1_000, Math.max(100, at / 4));
  return times;
}

test("While frames come ever less often, as those of a gateway do, no pause is longer than 150 ms", () => {
  for (const apart of [35, 50, 100]) {
    let said = 0;
    const frames = pacedFrames(20_000).map((at) => {
      const words = Math.floor(at / apart) + 1 - said;
      said += words;
      return { at, text: "word ".repeat(words) };
    });
    const times = shown(frames, 21_000).map(({ at }) => at);
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    assert.ok(Math.max(...pauses) <= 150, `a word each ${apart} ms: ${Math.max(...pauses)}`);
  }
});

test("Few words are not stretched", () => {
  const out = shown(
    [
      { at: 0, text: "x" },
      { at: 1_000, text: "a b" },
    ],
    2_000,
  );
  assert.deepEqual(out.slice(1), [
    { at: 1_000, text: "a " },
    { at: 1_150, text: "b" },
  ]);
});

test("No word waits much longer than a second, whatever comes when; none is lost or out of order", () => {
  const frame = fc.record({ wait: fc.nat(3_000), text: fc.lorem({ maxCount: 60 }) });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), (frames) => {
      const smoother = new Smoother();
      let now = 0;
      let taken = "";
      for (const { wait, text } of frames) {
        const waiting = smoother.dueIn(now);
        assert.ok(waiting === null || waiting <= 1_150);
        now += wait;
        taken += smoother.take(now);
        if (wait >= 1_150) assert.equal(smoother.dueIn(now), null);
        smoother.push(text, now);
      }
      smoother.end();
      assert.equal(smoother.dueIn(now) ?? 0, 0);
      taken += smoother.take(now);
      assert.equal(taken, frames.map(({ text }) => text).join(""));
      assert.ok(smoother.isDone);
    }),
  );
});

test("All that waits can be looked at, and taken before it is due; what comes then is spread as ever", () => {
  const smoother = new Smoother();
  smoother.push("a ", 0);
  assert.equal(smoother.take(0), "a ");
  smoother.push("b c d ", 300);
  assert.equal(smoother.take(300), "b ");
  assert.equal(smoother.waiting, "c d ");
  assert.equal(smoother.takeAll(), "c d ");
  assert.deepEqual([smoother.waiting, smoother.takeAll(), smoother.dueIn(300)], ["", "", null]);
  smoother.push("e f ", 600);
  assert.equal(smoother.take(600), "e ");
  assert.equal(smoother.dueIn(600), 150);
});

test("Very much comes at once but for its end", () => {
  const smoother = new Smoother();
  smoother.push("x", 0);
  smoother.push("word ".repeat(5_000), 1_000);
  assert.ok(smoother.take(1_000).length >= 4_600 * 5);
});

/** A source that the test pushes into, and the clock. */
function stage(context: TestContext) {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  const clock = mock.method(performance, "now", () => Date.now());
  context.after(() => {
    mock.timers.reset();
    clock.mock.restore();
  });
  const queue: (string | Error | null)[] = [];
  let wake = () => {};
  const push = (item: string | Error | null) => {
    queue.push(item);
    wake();
  };
  async function* source() {
    for (;;) {
      const item = queue.shift();
      if (item === null) return;
      if (item instanceof Error) throw item;
      if (item !== undefined) yield item;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  return { push, source: source() };
}

const settled = () => new Promise(setImmediate);
async function tick(ms: number) {
  for (let gone = 0; gone < ms; gone += 10) {
    mock.timers.tick(10);
    await settled();
  }
}

async function collect(pieces: AsyncIterable<string>, into: string[]) {
  for await (const piece of pieces) into.push(piece);
}

test("smooth spreads, and gives the rest at once when the text ends", async (context) => {
  const { push, source } = stage(context);
  const out: string[] = [];
  const done = collect(smooth(source), out);
  push("a b ");
  await settled();
  assert.equal(out.join(""), "a b ");
  await tick(400);
  push("c d ");
  push("e f ");
  await settled();
  assert.equal(out.join(""), "a b c ");
  await tick(150);
  assert.equal(out.join(""), "a b c d ");
  push(null);
  await done;
  assert.equal(out.join(""), "a b c d e f ");
});

test("A failure of the source comes after what it gave", async (context) => {
  const { push, source } = stage(context);
  const out: string[] = [];
  const done = collect(smooth(source), out);
  push("a b");
  push(new Error("broken"));
  await assert.rejects(done, /broken/);
  assert.equal(out.join(""), "a b");
});

test("Whoever leaves the loop leaves nothing behind", async (context) => {
  const { push, source } = stage(context);
  push("a");
  for await (const _ of smooth(source)) break;
  push("b");
  await settled();
  assert.deepEqual(await source.next(), { done: true, value: undefined });
});
