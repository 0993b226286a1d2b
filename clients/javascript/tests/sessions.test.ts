import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import type { Run } from "../src/types.ts";
import { Driver, eventsOf, resume, settled } from "./support/driver.ts";

const codeOf = (run: Run) => {
  const { ending } = run.getSnapshot();
  return ending?.outcome === "failed" ? ending.code : undefined;
};
const ASK = { action: "resume", sessionId: "s", after: 0 };

test("resume gives what runs in the session, from its first event on", async (context) => {
  const driver = new Driver(context);
  const resumed = driver.client.resume({ sessionId: "s" });
  await driver.connect();
  assert.deepEqual(driver.sent(), [ASK]);
  driver.resumed(0, "running", "theirs");
  driver.frame("started", 1, { requestId: "theirs" });
  driver.frame("output", 2, { requestId: "theirs", events: ["a"] });
  const run = (await resumed) as Run;
  assert.equal(run.requestId, "theirs");
  driver.frame("completed", 3, { requestId: "theirs" });
  assert.equal(await run.result(), "a");
  assert.deepEqual(driver.sent(), []);
});

test("resume gives null where nothing ever ran", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const resumed = driver.client.resume();
  driver.resumed(0, "idle", null);
  assert.equal(await resumed, null);
});

test("a resume that is refused rejects, or is sent again if that may pass", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const resumed = driver.client.resume();
  driver.refuse("unavailable", true);
  driver.sent();
  assert.deepEqual(await driver.wait(6), [ASK]);
  driver.refuse("invalid_request", false);
  await assert.rejects(resumed, { code: "invalid_request", retryable: false });
});

test("a refused resume of one session is not another's that was refused before it", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const first = driver.client.resume();
  const second = driver.client.resume({ sessionId: "other" });
  driver.refuse("unavailable", true);
  assert.deepEqual(driver.sent(), [ASK, { ...ASK, sessionId: "other" }]);
  driver.refuse("replay_expired", false);
  await assert.rejects(second, { code: "replay_expired" });
  assert.deepEqual(await driver.wait(6), [ASK]);
  driver.resumed(0, "idle", null);
  assert.equal(await first, null);
});

test("a resume may be given up", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const abort = new AbortController();
  const resumed = driver.client.resume({ signal: abort.signal });
  abort.abort();
  await assert.rejects(resumed, { name: "AbortError" });
});

test("a resume that was answered or refused listens to its signal no more", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const { signal } = new AbortController();
  const answered = driver.client.resume({ signal });
  assert.equal(getEventListeners(signal, "abort").length, 1);
  driver.resumed(0, "idle", null);
  await answered;
  assert.equal(getEventListeners(signal, "abort").length, 0);
  const refused = driver.client.resume({ signal });
  driver.refuse("invalid_request", false);
  await assert.rejects(refused);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("runs of other devices are found by who listens, on each connection anew", async (context) => {
  const driver = new Driver(context);
  const runs: Run[] = [];
  await driver.connect();
  const off = driver.client.session("s").on("run", (run) => runs.push(run));
  assert.deepEqual(driver.sent(), [ASK]);
  driver.resumed(0, "idle", null);
  driver.frame("output", 3, { requestId: "theirs", events: ["b"] });
  assert.deepEqual(driver.sent(), [resume(0, "theirs")]);
  driver.frame("started", 1, { requestId: "theirs" });
  driver.frame("output", 2, { requestId: "theirs", events: ["a"] });
  assert.deepEqual(runs.map(eventsOf), [["a", "b"]]);
  driver.frame("completed", 4, { requestId: "theirs" });
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [{ ...ASK, after: 4 }]);
  driver.resumed(4, "completed", "another");
  assert.deepEqual(driver.sent(), [resume(0, "another")]);
  off();
});

test("runs of other devices that nobody listens for are not kept", async (context) => {
  const driver = new Driver(context);
  await driver.start();
  driver.frame("started", 1, { requestId: "theirs" });
  driver.frame("output", 5, { requestId: "theirs", events: ["b"] });
  assert.deepEqual(driver.sent(), []);
  assert.deepEqual(
    driver.client
      .session("s")
      .getSnapshot()
      .runs.map(({ requestId }) => requestId),
    ["r"],
  );
});

test("a run of another device can be stopped here", async (context) => {
  const driver = new Driver(context);
  const runs: Run[] = [];
  driver.client.session("s").on("run", (run) => runs.push(run));
  await driver.connect();
  driver.resumed(0, "running", "theirs");
  driver.sent();
  void runs[0]?.stop();
  assert.deepEqual(driver.sent(), [{ action: "stop", sessionId: "s", requestId: "theirs" }]);
});

test("a session tells of its runs, ours and theirs, in a snapshot that stays", async (context) => {
  const driver = new Driver(context);
  const session = driver.client.session("s");
  let changes = 0;
  session.subscribe(() => changes++);
  await driver.connect();
  const before = session.getSnapshot();
  session.prompt("hello", { requestId: "r" });
  assert.equal(changes, 1);
  assert.deepEqual([before.runs.length, session.getSnapshot().runs.length], [0, 1]);
  assert.equal(session.getSnapshot(), session.getSnapshot());
});

test("the same request is the same run", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  assert.equal(driver.client.prompt("hello", { requestId: "r" }), run);
  assert.equal(await driver.client.resume({ requestId: "r" }), run);
  driver.frame("completed", 2);
  assert.equal(driver.client.prompt("hello", { requestId: "r" }), run);
  assert.deepEqual(driver.sent(), []);
});

test("a run whose ending only this client knows of is asked for anew by a resume", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const unanswered = driver.client.prompt("hello", { requestId: "r" });
  while (!codeOf(unanswered)) await driver.wait(40);
  const unended = (await driver.client.resume({ requestId: "r" })) as Run;
  assert.deepEqual(driver.sent(), [resume(0)]);
  for (let times = 0; times < 2; times += 1) {
    driver.resumed(0);
    await driver.wait(7); // the replay does not come
  }
  const run = (await driver.client.resume({ requestId: "r" })) as Run;
  assert.deepEqual(driver.sent(), [resume(0)]);
  driver.resumed(0);
  driver.frame("started", 1);
  driver.output(2, "a");
  driver.frame("completed", 3);
  assert.deepEqual([codeOf(unanswered), codeOf(unended), await run.result()], ["no_answer", "no_ending", "a"]);
  assert.deepEqual(driver.client.session("s").getSnapshot().runs, [run]);
  assert.equal(await driver.client.resume({ requestId: "r" }), run);
});

test("a session keeps its last 50 ended runs, and a client not even those that nobody holds", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const session = driver.client.session("s");
  for (let at = 0; at < 60; at += 1) {
    const requestId = `r${at}`;
    session.prompt("hello", { requestId });
    driver.accept(requestId);
    driver.frame("completed", 1, { requestId });
  }
  assert.equal(session.getSnapshot().runs.length, 50);
  assert.equal(session.getSnapshot().runs.at(-1)?.requestId, "r59");
});

test("late frames of a run that has ended are no news, also if its session was forgotten", async (context) => {
  const driver = new Driver(context);
  const seen: string[] = [];
  driver.client.on("run", ({ requestId }) => seen.push(requestId));
  await driver.start();
  driver.frame("completed", 2);
  await settled();
  driver.frame("completed", 2);
  driver.output(1, "late");
  assert.deepEqual(seen, ["r"]);
});

test("who listens to a session is connected for it", async (context) => {
  const driver = new Driver(context);
  driver.client.session("s").on("run", () => {});
  await settled();
  assert.equal(driver.sockets.length, 1);
  driver.socket.onopen?.({});
  assert.deepEqual(driver.sent(), [ASK]);
});

test("of a run that is resumed it is known at once whether it had ended", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  for (const [state, had] of [
    ["completed", true],
    ["running", false],
  ] as const) {
    const resumed = driver.client.resume({ sessionId: "s" });
    driver.resumed(0, state, state);
    assert.equal((await resumed)?.getSnapshot().endedUnseen, had);
    driver.frame("started", 1, { requestId: state });
    driver.frame("completed", 2, { requestId: state });
  }
});

test("the replay that a question for a session brings is not cut short by the next resume", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  void driver.client.resume({ sessionId: "s" });
  driver.resumed(0, "completed", "theirs");
  driver.sent();
  void driver.client.resume({ sessionId: "other", requestId: "r" });
  driver.frame("started", 1, { requestId: "theirs" });
  assert.deepEqual(driver.sent(), []);
  driver.frame("completed", 2, { requestId: "theirs" });
  assert.deepEqual(driver.sent(), [{ ...resume(0), sessionId: "other" }]);
});
