import assert from "node:assert/strict";
import { test } from "node:test";
import { Driver, eventsOf, resume } from "./support/driver.ts";

test("a whole reply", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r" });
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const { data } of run) seen.push(data);
  })();
  assert.equal(run.getSnapshot().state, "sending");
  driver.accept();
  assert.equal(run.getSnapshot().state, "queued");
  driver.frame("started", 1);
  assert.equal(run.getSnapshot().state, "running");
  driver.output(2, "a", { b: 1 });
  driver.output(3, null, "");
  driver.frame("completed", 4);
  await reading;
  assert.deepEqual(seen, ["a", { b: 1 }, null, ""]);
  assert.deepEqual(await run.ending, { outcome: "completed" });
  assert.equal(await run.result(), "a");
});

test("started may overtake accepted", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r" });
  driver.frame("started", 1);
  driver.accept();
  driver.sent();
  assert.equal(run.getSnapshot().state, "running");
  driver.client.prompt("next", { requestId: "r2" });
  assert.deepEqual(
    driver.sent().map(({ requestId }) => requestId),
    ["r2"],
  );
});

test("repeats are dropped, and what comes after the ending", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  for (const [seq, event] of [
    [2, "a"],
    [2, "a"],
    [3, "b"],
    [2, "a"],
    [3, "b"],
  ] as const)
    driver.output(seq, event);
  driver.frame("completed", 4);
  driver.frame("completed", 4);
  driver.output(5, "never");
  assert.deepEqual(eventsOf(run), ["a", "b"]);
  assert.deepEqual(driver.sent(), []);
});

test("frames beyond a gap wait, and what is missing is asked for once", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.output(2, "a");
  driver.output(5, "d");
  driver.output(4, "c");
  assert.deepEqual(eventsOf(run), ["a"]);
  assert.deepEqual(driver.sent(), [resume(2)]);
  driver.resumed(2, "running");
  driver.output(3, "b");
  assert.deepEqual(eventsOf(run), ["a", "b", "c", "d"]);
});

test("a gap that stays is asked for again", async (context) => {
  const driver = new Driver(context);
  await driver.start();
  driver.output(3, "b");
  assert.deepEqual(driver.sent(), [resume(1)]);
  assert.deepEqual(await driver.wait(6), [resume(1)]);
});

test("an interrupted failure replaces what was seen from its number on, and says how much holds", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  for (const [seq, event] of [
    [2, "a"],
    [3, "b"],
    [4, "void"],
    [6, "void too"],
  ] as const)
    driver.output(seq, event);
  driver.interrupted(4);
  assert.deepEqual(eventsOf(run), ["a", "b"]);
  assert.equal(run.getSnapshot().text, "ab");
  assert.deepEqual(await run.ending, {
    outcome: "failed",
    code: "interrupted",
    message: "The worker died.",
    retryable: true,
    kept: 2,
  });
  driver.output(4, "void");
  driver.interrupted(4);
  assert.deepEqual(eventsOf(run), ["a", "b"]);
  await assert.rejects(run.result(), { code: "interrupted", retryable: true });
});

test("a loop that was given void events ends, and gives none twice", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const { data } of run) seen.push(data);
  })();
  driver.output(2, "a");
  driver.output(3, "void");
  await driver.advance(1);
  driver.interrupted(3);
  await reading;
  assert.deepEqual(seen, ["a", "void"]);
});

test("an interrupted failure beyond a gap voids what was held, and waits for the frames before it", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.output(4, "void");
  driver.output(5, "void");
  driver.interrupted(4);
  driver.output(2, "a");
  assert.equal(run.getSnapshot().state, "running");
  driver.output(4, "void");
  driver.output(3, "b");
  assert.deepEqual(eventsOf(run), ["a", "b"]);
  assert.equal(run.getSnapshot().state, "failed");
});

test("another failure replaces nothing", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.output(2, "a");
  driver.frame("failed", 2, { code: "agent_error", message: "No.", retryable: true });
  assert.deepEqual(eventsOf(run), ["a"]);
  assert.equal(run.getSnapshot().state, "running");
});

test("slices become one event, with its name", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  const text = JSON.stringify({ picture: "x".repeat(50) });
  driver.frame("output", 3, { part: { index: 1, last: false }, name: "values", text: text.slice(20, 40) });
  driver.frame("output", 2, { part: { index: 0, last: false }, name: "values", text: text.slice(0, 20) });
  assert.deepEqual(eventsOf(run), []);
  driver.frame("output", 4, { part: { index: 2, last: true }, name: "values", text: text.slice(40) });
  driver.frame("output", 5, { part: { index: 0, last: true }, text: "null" });
  driver.frame("output", 6, { events: [1, 2], names: { "1": "updates" } });
  assert.deepEqual(
    run.getSnapshot().events.map(({ name, data, seq }) => [name, data, seq]),
    [
      ["values", { picture: "x".repeat(50) }, 4],
      ["message", null, 5],
      ["message", 1, 6],
      ["updates", 2, 6],
    ],
  );
});

test("an event of which a slice is void is void", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.frame("output", 2, { part: { index: 0, last: false }, text: '"a' });
  driver.frame("output", 3, { part: { index: 1, last: true }, text: 'b"' });
  assert.deepEqual(eventsOf(run), ["ab"]);
  driver.interrupted(3);
  assert.deepEqual(eventsOf(run), []);
});

test("unknown frames and other text are ignored", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.receive({ type: "weather", requestId: "r", sessionId: "s", seq: 2 });
  for (const text of ["not JSON", "null", "[1]", "7", '"text"']) driver.say(text);
  driver.frame("output", 0, { events: ["no number"] });
  driver.output(2, "a");
  assert.deepEqual(eventsOf(run), ["a"]);
});

test("a snapshot stays as it is, and is the same until something changes", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.output(2, "a");
  const before = run.getSnapshot();
  assert.equal(run.getSnapshot(), before);
  let changes = 0;
  const off = run.subscribe(() => changes++);
  driver.output(3, "b");
  off();
  driver.output(4, "c");
  assert.equal(changes, 1);
  assert.deepEqual([before.text, run.getSnapshot().text], ["a", "abc"]);
});

test("two loops over a run each have all of it", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.output(2, "a", "b");
  const first = run.text()[Symbol.asyncIterator]();
  assert.equal((await first.next()).value, "a");
  driver.frame("completed", 3);
  const pieces: string[] = [];
  for await (const piece of run.text()) pieces.push(piece);
  assert.deepEqual(pieces, ["a", "b"]);
  assert.equal((await first.next()).value, "b");
  assert.equal((await first.next()).done, true);
});

test("there is nothing behind an ending, also if that waited for the frames before it", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.frame("completed", 3);
  driver.output(4, "never");
  driver.output(2, "a");
  assert.deepEqual(eventsOf(run), ["a"]);
  assert.equal(run.getSnapshot().state, "completed");
});

test("frames that were held when the replay began anew count only if they come again", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.output(3, "void");
  assert.deepEqual(driver.sent(), [resume(1)]);
  driver.resumed(1, "failed");
  assert.deepEqual(await driver.wait(6), [resume(0)]);
  driver.resumed(0, "failed");
  driver.frame("started", 1);
  driver.output(2, "a");
  assert.deepEqual(eventsOf(run), ["a"]);
});
