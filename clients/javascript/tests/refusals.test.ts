import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_WAITING } from "../src/outbox.ts";
import type { Ending } from "../src/types.ts";
import { Driver, eventsOf, PROMPT, resume, settled } from "./support/driver.ts";

const STOP = { action: "stop", sessionId: "s", requestId: "r" };
const codeOf = (ending: Ending) => (ending.outcome === "failed" ? ending.code : ending.outcome);

test("a refused prompt ends, and lets the next go", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r" });
  driver.client.prompt("second", { requestId: "r2" });
  driver.sent();
  driver.refuse("unknown_agent", false, "r");
  assert.deepEqual(await run.ending, { outcome: "failed", code: "unknown_agent", message: "No.", retryable: false, kept: 0 });
  assert.equal(run.getSnapshot().accepted, false);
  assert.deepEqual(
    driver.sent().map(({ requestId }) => requestId),
    ["r2"],
  );
});

test("an empty prompt is sent like any other, and refused", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("", { requestId: "r" });
  assert.deepEqual([run.getSnapshot().state, run.getSnapshot().accepted], ["sending", false]);
  driver.refuse("invalid_request", false, "r");
  assert.equal(codeOf(await run.ending), "invalid_request");
  assert.equal(run.getSnapshot().accepted, false);
});

test("a prompt that is refused for now is sent again more and more seldom, and then ends with what was said", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r" });
  driver.sent();
  const waits: number[] = [];
  for (let times = 0; times < 7; times += 1) {
    driver.refuse("rate_limited", true, "r");
    waits.push(await driver.secondsUntilSent());
  }
  assert.deepEqual(waits, [2, 3, 5, 9, 17, 31, 31]);
  assert.equal(run.getSnapshot().state, "sending");
  driver.refuse("rate_limited", true, "r");
  assert.equal(codeOf(await run.ending), "rate_limited");
});

for (const [what, lose] of [
  ["a cut", (driver: Driver) => driver.drop()],
  ["a message of API Gateway", (driver: Driver) => driver.gatewayError()],
  ["nothing", (driver: Driver) => driver.wait(30)],
] as const) {
  test(`a prompt whose first copy was answered by ${what} may have run, though all others are refused`, async (context) => {
    const driver = new Driver(context);
    await driver.connect();
    const run = driver.client.prompt("hello", { requestId: "r" });
    driver.sent();
    await lose(driver);
    if (driver.state.state === "waiting") await driver.reopen();
    else await driver.secondsUntilSent();
    while (!run.getSnapshot().ending) {
      driver.refuse("rate_limited", true, "r");
      await driver.wait(32);
    }
    assert.deepEqual(await run.ending, {
      outcome: "failed",
      code: "no_answer",
      message: "The gateway did not say whether it took this prompt.",
      retryable: false,
      kept: 0,
    });
  });
}

test("a message of API Gateway makes the unanswered prompt go again with its id, but not for ever", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r" });
  let count = driver.sent().length;
  for (let times = 0; times < 20; times += 1) {
    driver.gatewayError();
    const sent = await driver.wait(40);
    assert.ok(sent.every((message) => message.prompt === PROMPT.prompt && message.requestId === "r"));
    count += sent.length;
  }
  assert.equal(count, 8);
  assert.deepEqual([codeOf(await run.ending), run.getSnapshot().accepted], ["no_answer", false]);
});

for (const code of ["replay_expired", "not_found"]) {
  test(`a resume that finds nothing ends the waiting (${code})`, async (context) => {
    const driver = new Driver(context);
    const run = await driver.start();
    driver.drop();
    await driver.reopen();
    driver.refuse(code, false, "r");
    assert.equal(codeOf(await run.ending), code);
  });
}

test("stop", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  const stopped = run.stop();
  assert.deepEqual(driver.sent(), [STOP]);
  assert.equal(run.getSnapshot().stopping, "asked");
  driver.receive({ type: "stopping", requestId: "r", sessionId: "s" });
  assert.equal(run.getSnapshot().stopping, "recorded");
  driver.frame("stopped", 2);
  assert.deepEqual(await stopped, { outcome: "stopped" });
});

test("a signal stops the run", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const abort = new AbortController();
  driver.client.prompt("hello", { requestId: "r", signal: abort.signal });
  driver.accept();
  driver.sent();
  abort.abort();
  assert.deepEqual(driver.sent(), [STOP]);
});

test("so does one that is given with a prompt whose run is known", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  const abort = new AbortController();
  assert.equal(driver.client.prompt("hello", { requestId: "r", signal: abort.signal }), run);
  assert.deepEqual(driver.sent(), []);
  abort.abort();
  assert.deepEqual(driver.sent(), [STOP]);
});

test("a stop that got no answer is sent again, and on the next connection", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  void run.stop();
  driver.sent();
  assert.deepEqual(await driver.wait(6), [STOP]);
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [resume(1), STOP]);
});

test("a stop that came too late asks how the run ended", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  void run.stop();
  driver.sent();
  driver.refuse("not_found", false, "r");
  assert.deepEqual(driver.sent(), [resume(1)]);
  driver.resumed(1, "completed");
  driver.output(2, "a");
  driver.frame("completed", 3);
  assert.deepEqual(await run.ending, { outcome: "completed" });
  assert.deepEqual(eventsOf(run), ["a"]);
});

test("the refusal of a stop is not that of its prompt, whose answer was lost", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const run = driver.client.prompt("hello", { requestId: "r" });
  driver.drop();
  void run.stop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [STOP, PROMPT]);
  driver.refuse("not_found", false, "r");
  assert.deepEqual(driver.sent(), [resume(0)]);
  driver.accept();
  driver.resumed(0, "completed");
  driver.frame("started", 1);
  driver.output(2, "a");
  driver.frame("completed", 3);
  assert.deepEqual(await run.ending, { outcome: "completed" });
  assert.deepEqual(eventsOf(run), ["a"]);
});

test("a prompt that never left is stopped without a word", async (context) => {
  const driver = new Driver(context);
  const run = driver.client.prompt("hello");
  await run.stop();
  await driver.connect();
  assert.deepEqual(driver.sent(), []);
});

test("a prompt that an earlier client may have sent is stopped at the gateway", async (context) => {
  const driver = new Driver(context);
  const run = driver.client.prompt("hello", { requestId: "r" });
  void run.stop();
  await driver.connect();
  assert.deepEqual(driver.sent(), [STOP, PROMPT]);
});

test("a refusal of nothing that is known is told", async (context) => {
  const driver = new Driver(context);
  const seen: string[] = [];
  driver.client.on("rejected", ({ code }) => seen.push(code));
  await driver.connect();
  driver.refuse("invalid_json", false);
  driver.refuse("invalid_request", false, "unknown");
  assert.deepEqual(seen, ["invalid_json", "invalid_request"]);
});

test("only so many prompts wait to be accepted", async (context) => {
  const driver = new Driver(context);
  const runs = Array.from({ length: MAX_WAITING + 1 }, () => driver.client.prompt("hello"));
  const ending = await (runs.at(-1) as (typeof runs)[0]).ending;
  assert.equal(codeOf(ending), "too_many_prompts");
  assert.equal(runs[0]?.getSnapshot().state, "sending");
});

test("ids that break a rule are an error at once", (context) => {
  const driver = new Driver(context);
  const { client } = driver;
  assert.throws(() => client.prompt("hello", { sessionId: "" }), /session id is needed/);
  assert.throws(() => client.prompt("hello", { sessionId: "ä".repeat(129) }), /256 bytes/);
  assert.throws(() => client.prompt("hello", { sessionId: "a\nb" }), /control characters/);
  assert.throws(() => client.prompt("hello", { requestId: "two words" }), /1 to 64/);
});

test("what JSON cannot hold is an error at once, and leaves no run", async (context) => {
  const driver = new Driver(context);
  const { client } = driver;
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  for (const input of [{ n: 1n }, circle]) assert.throws(() => client.prompt({ input }, { requestId: "r" }), TypeError);
  assert.deepEqual(client.session("s").getSnapshot().runs, []);
  await driver.connect();
  client.prompt({ input: { n: 1 } }, { requestId: "r" });
  assert.deepEqual(driver.sent(), [{ input: { n: 1 }, sessionId: "s", requestId: "r" }]);
});

test("an error of a listener is reported, and stops nothing", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  const errors: unknown[] = [];
  globalThis.reportError = (error) => errors.push(error); // as browsers have it
  context.after(() => Reflect.deleteProperty(globalThis, "reportError"));
  run.subscribe(() => {
    throw new Error("mine");
  });
  driver.output(2, "a");
  await settled();
  assert.deepEqual(eventsOf(run), ["a"]);
  assert.match(String(errors[0]), /mine/);
});
