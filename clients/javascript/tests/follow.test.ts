import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ending } from "../src/types.ts";
import { Driver, eventsOf, PROMPT, resume } from "./support/driver.ts";

const codeOf = (ending: Ending | null) => (ending?.outcome === "failed" ? ending.code : ending?.outcome);

test("after a reconnect each unfinished run is resumed from what it has, and what was not taken is sent", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.output(2, "a");
  driver.client.prompt("second", { requestId: "r2" });
  driver.accept("r2");
  driver.client.prompt("third", { requestId: "r3" });
  driver.drop();
  await driver.reopen();
  // A connection gets one replay at a time: the next resume would end this one.
  assert.deepEqual(driver.sent(), [resume(2), { prompt: "third", sessionId: "s", requestId: "r3" }]);
  driver.resumed(2, "running");
  assert.deepEqual(driver.sent(), [resume(0, "r2")]);
  driver.output(4, "c");
  driver.output(3, "b");
  driver.frame("completed", 5);
  assert.deepEqual(eventsOf(run), ["a", "b", "c"]);
});

test("a prompt that was asked before the connection stands waits for it", async (context) => {
  const driver = new Driver(context);
  driver.client.prompt("hello", { requestId: "r" });
  await driver.connect();
  assert.deepEqual(driver.sent(), [PROMPT]);
});

test("the next prompt of a session waits until the one before it was taken; other sessions do not", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  driver.client.prompt("hello", { requestId: "r" });
  driver.client.prompt("second", { requestId: "r2" });
  driver.client.prompt("other", { requestId: "r3", sessionId: "other" });
  assert.deepEqual(driver.sent(), [PROMPT, { prompt: "other", sessionId: "other", requestId: "r3" }]);
  driver.accept();
  assert.deepEqual(
    driver.sent().map(({ requestId }) => requestId),
    ["r2"],
  );
});

test("what is asked does not change with the caller's objects", async (context) => {
  const driver = new Driver(context);
  const input = { messages: ["one"] };
  driver.client.prompt({ input }, { requestId: "r", agent: "critic" });
  input.messages.push("two");
  await driver.connect();
  assert.deepEqual(driver.sent(), [{ input: { messages: ["one"] }, agent: "critic", sessionId: "s", requestId: "r" }]);
});

test("it is known what a run waits for until it goes on", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  const progress = (members: object) => driver.receive({ type: "progress", requestId: "r", sessionId: "s", ...members });
  progress({ elapsedMs: 0, waiting: "agent_throttled" });
  assert.equal(run.getSnapshot().waiting, "agent_throttled");
  progress({ elapsedMs: 20_000 });
  assert.equal(run.getSnapshot().waiting, null);
  progress({ elapsedMs: 20_001, waiting: "agent_unavailable" });
  driver.output(2, "x");
  assert.equal(run.getSnapshot().waiting, null);
});

test("when a run started is known if it was told", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = await driver.client.resume({ requestId: "r" });
  driver.resumed(0, "running");
  driver.frame("started", 1); // replayed: it may have been hours ago
  assert.equal(run?.getSnapshot().startedAt, null);
  driver.receive({ type: "progress", requestId: "r", sessionId: "s", elapsedMs: 200_000 });
  assert.equal(Date.now() - (run?.getSnapshot().startedAt ?? 0), 200_000);
});

for (const [seconds, id, when] of [
  [1, "a new id", "is taken to start now"],
  [6, "a new id", "may have started before"],
  [1, "an id that was given", "may have been asked and started long before"],
] as const) {
  test(`a run asked ${seconds} s ago under ${id} that a resume finds running before it says so ${when}`, async (context) => {
    const driver = new Driver(context);
    await driver.connect();
    const run = driver.client.prompt("hello", id === "a new id" ? {} : { requestId: "r" });
    const { requestId } = run;
    await driver.wait(seconds);
    driver.resumed(0, "running", requestId);
    driver.frame("started", 1, { requestId });
    assert.equal(run.getSnapshot().startedAt, when === "is taken to start now" ? Date.now() : null);
  });
}

test("a prompt that is busy tells that the run before it goes on in the background", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  const second = driver.client.prompt("hello", { requestId: "second" });
  driver.accept("second");
  assert.equal(run.getSnapshot().background, false);
  driver.frame("failed", 1, { requestId: "second", code: "busy", message: "There is another.", retryable: true });
  assert.equal(run.getSnapshot().background, true);
  assert.equal(codeOf(await second.ending), "busy");
});

test("after a minute without a frame it asks", async (context) => {
  const driver = new Driver(context);
  await driver.start();
  assert.deepEqual(await driver.wait(55), []);
  driver.receive({ type: "progress", requestId: "r", sessionId: "s", elapsedMs: 55_000 });
  assert.deepEqual(await driver.wait(58), []);
  assert.deepEqual(await driver.wait(4), [resume(1)]);
});

test("a resume without an answer is sent again", async (context) => {
  const driver = new Driver(context);
  await driver.start();
  assert.deepEqual(await driver.wait(61), [resume(1)]);
  driver.gatewayError();
  assert.deepEqual(await driver.wait(6), [resume(1)]);
  driver.resumed(1, "running");
  assert.deepEqual(await driver.wait(50), []);
});

test("resumes that are refused for now are sent again more and more seldom", async (context) => {
  const driver = new Driver(context);
  await driver.start();
  driver.drop();
  await driver.reopen();
  driver.sent();
  const waits: number[] = [];
  for (let times = 0; times < 7; times += 1) {
    driver.refuse("rate_limited", true, "r");
    waits.push(await driver.secondsUntilSent());
  }
  assert.deepEqual(waits, [5, 5, 5, 5, 8, 16, 30]);
});

test("a prompt that stays queued for five minutes is sent again", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r", parameters: { language: "en" } });
  driver.accept();
  driver.sent();
  const again: number[] = [];
  for (let minute = 1; minute <= 7; minute += 1) {
    let sent = await driver.wait(62);
    assert.deepEqual(sent.slice(0, 1), [resume(0)]);
    driver.resumed(0, "queued");
    sent = driver.sent();
    if (!sent.length) continue;
    again.push(minute);
    assert.deepEqual(sent, [{ ...PROMPT, parameters: { language: "en" } }]);
    driver.accept();
    assert.deepEqual(driver.sent(), [resume(0)]); // what became of it
    driver.resumed(0, "queued");
  }
  assert.deepEqual(again, [5]);
  assert.equal(run.getSnapshot().state, "queued");
});

test("a prompt is not sent any more when the gateway may have ended and forgotten it", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r" });
  driver.client.disconnect();
  driver.sleep(2 * 3600);
  await driver.connect();
  assert.deepEqual(driver.sent(), []);
  assert.equal(codeOf(await run.ending), "no_answer");
});

test("a prompt that was never sent waits for a connection as long as it takes", async (context) => {
  const driver = new Driver(context);
  const { requestId } = driver.client.prompt("hello");
  driver.sleep(2 * 3600);
  await driver.connect();
  assert.deepEqual(driver.sent(), [{ ...PROMPT, requestId }]);
  driver.drop();
  driver.sleep(3000);
  await driver.reopen();
  assert.deepEqual(driver.sent(), [{ ...PROMPT, requestId }]); // the hour counts from when it was sent
});

test("a prompt that an earlier client may have sent does not wait so long", async (context) => {
  const driver = new Driver(context);
  const run = driver.client.prompt("hello", { requestId: "r" });
  driver.sleep(2 * 3600);
  await driver.connect();
  assert.deepEqual(driver.sent(), []);
  assert.equal(codeOf(await run.ending), "no_answer");
});

test("a queued prompt that the gateway may have forgotten is not sent again", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r" });
  driver.accept();
  driver.client.disconnect();
  driver.sleep(2 * 3600);
  await driver.connect();
  assert.deepEqual(driver.sent(), [resume(0)]);
  driver.resumed(0, "queued");
  assert.equal(codeOf(await run.ending), "replay_expired");
  assert.deepEqual(driver.sent(), []);
});

test("a prompt whose answer was lost goes again with its id, and is asked for", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  driver.client.prompt("hello", { requestId: "r" });
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [PROMPT]);
  driver.accept();
  assert.deepEqual(driver.sent(), [resume(0)]); // sent again it attaches nothing, and may have ended meanwhile
});

test("a prompt that an earlier client may have sent is asked for if nothing of it comes", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  driver.client.prompt("hello", { requestId: "r" });
  driver.accept();
  driver.sent();
  assert.deepEqual(await driver.wait(6), [resume(0)]);
  driver.resumed(0, "completed");
  driver.frame("started", 1);
  driver.frame("completed", 2);
});

test("what came before its live frames is asked for at once, though they keep coming", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r" });
  driver.accept();
  driver.sent();
  driver.output(3, "b");
  assert.deepEqual(driver.sent(), [resume(0)]);
  driver.resumed(0, "running");
  driver.frame("started", 1);
  driver.output(2, "a");
  assert.deepEqual(eventsOf(run), ["a", "b"]);
});

for (const state of ["completed", "failed", "stopped"]) {
  test(`an ending that does not come is asked for from the start (${state})`, async (context) => {
    const driver = new Driver(context);
    const run = await driver.start();
    for (const [seq, event] of [
      [2, "a"],
      [3, "void"],
      [4, "void"],
    ] as const)
      driver.output(seq, event);
    driver.drop();
    await driver.reopen();
    assert.deepEqual(driver.sent(), [resume(4)]);
    driver.resumed(4, state);
    assert.deepEqual(await driver.wait(3), []);
    assert.deepEqual(await driver.wait(4), [resume(0)]);
    assert.deepEqual(eventsOf(run), ["a", "void", "void"]); // in view until the replay comes
    driver.resumed(0, state);
    driver.frame("started", 1);
    driver.output(2, "a");
    driver.frame(state, 3, { code: "internal", message: "No.", retryable: true });
    assert.deepEqual(eventsOf(run), ["a"]);
    assert.equal(run.getSnapshot().state, state);
    assert.deepEqual(await driver.wait(200), []);
  });
}

test("a replay from the start that is cut begins where it was cut", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.output(2, "a");
  driver.output(3, "void");
  assert.deepEqual(await driver.wait(61), [resume(3)]);
  driver.resumed(3);
  assert.deepEqual(await driver.wait(6), [resume(0)]);
  driver.resumed(0);
  driver.frame("started", 1);
  driver.output(2, "a");
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [resume(2)]);
  driver.resumed(2);
  driver.interrupted(3);
  assert.deepEqual(eventsOf(run), ["a"]);
});

test("a replay that stalls again and again is asked for from where it stalled", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.drop();
  await driver.reopen();
  let sent = driver.sent();
  for (let seq = 2; seq < 6; seq += 1) {
    assert.deepEqual(sent, [resume(seq - 1)]);
    driver.resumed(seq - 1);
    driver.output(seq, "a");
    sent = await driver.wait(7);
  }
  assert.deepEqual(sent, [resume(5)]);
  driver.resumed(5);
  driver.frame("completed", 6);
  assert.deepEqual(eventsOf(run), ["a", "a", "a", "a"]);
});

// `queued` for what has run is what a gateway says that was started anew.
for (const state of ["completed", "queued"]) {
  test(`an ending that never comes is not asked for for ever (${state})`, async (context) => {
    const driver = new Driver(context);
    const run = await driver.start();
    driver.output(2, "a");
    driver.drop();
    await driver.reopen();
    const asked = driver.sent();
    for (let times = 0; times < 10; times += 1) {
      driver.resumed(0, state);
      asked.push(...(await driver.wait(9))); // before it is asked again for want of an answer
    }
    assert.deepEqual(asked, [resume(2), resume(0)]);
    assert.equal(codeOf(await run.ending), "no_ending");
    assert.deepEqual(eventsOf(run), ["a"]);
  });
}

test("a run that is known again is not lost", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.drop();
  await driver.reopen();
  driver.resumed(1, "queued"); // `started` was pushed before it was durable
  await driver.wait(7);
  driver.resumed(0, "running");
  driver.frame("started", 1);
  driver.output(2, "a");
  await driver.wait(30);
  assert.equal(run.getSnapshot().state, "running");
  assert.deepEqual(eventsOf(run), ["a"]);
});

test("runs that ended unseen are replayed one after the other, so that none cuts the other short", async (context) => {
  const driver = new Driver(context);
  const first = await driver.start("r");
  const second = driver.client.prompt("hello", { requestId: "r2" });
  driver.accept("r2");
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [resume(1)]);
  driver.resumed(1);
  for (let seq = 2; seq < 12; seq += 1) {
    driver.output(seq, "a"); // slowly, but it goes on
    assert.deepEqual(await driver.wait(4), []);
  }
  driver.frame("completed", 12);
  assert.deepEqual(driver.sent(), [resume(0, "r2")]);
  driver.resumed(0, "completed", "r2");
  driver.frame("started", 1, { requestId: "r2" });
  driver.frame("completed", 2, { requestId: "r2" });
  assert.deepEqual([await first.ending, await second.ending], [{ outcome: "completed" }, { outcome: "completed" }]);
});

test("a replay that stands still does not hold up the next for ever", async (context) => {
  const driver = new Driver(context);
  await driver.start("r");
  driver.client.prompt("hello", { requestId: "r2" });
  driver.accept("r2");
  driver.drop();
  await driver.reopen();
  driver.sent();
  driver.resumed(1);
  assert.deepEqual((await driver.wait(6)).slice(0, 1), [resume(0, "r2")]);
});

/** The replay of the other run is slow, but it goes on. */
async function replaySlowly(driver: Driver, requestId: string): Promise<void> {
  for (let seq = 2; seq < 8; seq += 1) {
    driver.frame("output", seq, { requestId, events: ["a"] });
    assert.deepEqual(await driver.wait(4), []);
  }
  driver.frame("completed", 8, { requestId });
}

test("a run that ended is not given up while its resume waits for another's replay after a reconnect", async (context) => {
  const driver = new Driver(context);
  await driver.start("r");
  const run = driver.client.prompt("hello", { requestId: "r2" });
  driver.frame("started", 1, { requestId: "r2" });
  driver.drop();
  await driver.reopen();
  driver.resumed(1, "running");
  driver.resumed(1, "completed", "r2");
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [resume(1)]);
  driver.resumed(1);
  await replaySlowly(driver, "r");
  assert.deepEqual(driver.sent(), [resume(1, "r2")]);
  driver.resumed(1, "completed", "r2");
  driver.frame("completed", 2, { requestId: "r2" });
  assert.deepEqual(await run.ending, { outcome: "completed" });
});

test("a run that ended is not given up while its resume from the start waits for another's replay", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start("r");
  driver.client.prompt("hello", { requestId: "r2" });
  driver.frame("started", 1, { requestId: "r2" });
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [resume(1)]);
  driver.resumed(1); // and nothing comes
  assert.deepEqual(await driver.wait(6), [resume(1, "r2")]);
  driver.resumed(1, "completed", "r2");
  await replaySlowly(driver, "r2");
  assert.deepEqual(driver.sent(), [resume(0)]);
  driver.resumed(0);
  driver.frame("started", 1);
  driver.frame("completed", 2);
  assert.deepEqual(await run.ending, { outcome: "completed" });
});

test("what was held beyond the end of a run whose worker died does not keep its ending away", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.output(2, "a");
  driver.output(4, "void");
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [resume(2)]);
  driver.resumed(2, "failed"); // it ended at 2, and `after` 2 replays nothing
  assert.deepEqual(await driver.wait(6), [resume(0)]);
  driver.resumed(0, "failed");
  driver.frame("started", 1);
  driver.interrupted(2);
  assert.deepEqual(eventsOf(run), []);
  assert.equal(codeOf(await run.ending), "interrupted");
});
