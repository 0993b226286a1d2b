import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ending, Run } from "../src/types.ts";
import { Driver } from "./support/driver.ts";

const TEXT = "ä".repeat(20_000); // 40,000 bytes
const CONTENT = JSON.stringify({ prompt: TEXT });
const BYTES = new TextEncoder().encode(CONTENT).length;
const NAMED = { upload: "u1", sessionId: "s", requestId: "r" };
const asks = (requestId = "r", bytes = BYTES) => ({ action: "upload", bytes, requestId });
const codeOf = (ending: Ending) => (ending.outcome === "failed" ? ending.code : ending.outcome);

class Uploads extends Driver {
  offer(uploadId = "u1", url = "http://gateway/uploads/u1?token=t"): void {
    this.receive({ type: "upload", uploadId, url, expiresInMs: 300_000 });
  }

  async large(): Promise<Run> {
    await this.connect();
    const run = this.client.prompt(TEXT, { requestId: "r" });
    assert.deepEqual(this.sent(), [asks()]);
    return run;
  }
}

test("a large prompt is uploaded, and then named", async (context) => {
  const driver = new Uploads(context);
  const run = await driver.large();
  driver.offer();
  const [put] = driver.puts;
  assert.ok(put);
  assert.equal(put.url, "http://gateway/uploads/u1?token=t");
  assert.deepEqual(put.headers, { "Content-Type": "application/json", "If-None-Match": "*" });
  assert.equal(new TextDecoder().decode(put.body), CONTENT);
  put.onProgress(1000);
  assert.deepEqual(run.getSnapshot().upload, { bytes: BYTES, sent: 1000, uploadId: null });
  assert.deepEqual(driver.sent(), []);
  await put.answer(200);
  assert.deepEqual(driver.sent(), [NAMED]);
  assert.deepEqual(run.getSnapshot().upload, { bytes: BYTES, sent: BYTES, uploadId: "u1" });
  driver.accept();
  assert.equal(run.getSnapshot().state, "queued");
});

test("all that the agent is to get is uploaded, and nothing else", async (context) => {
  const driver = new Uploads(context);
  await driver.connect();
  driver.client.prompt(TEXT, { requestId: "r", agent: "critic", parameters: { language: "en" } });
  driver.offer();
  assert.deepEqual(JSON.parse(new TextDecoder().decode(driver.puts[0]?.body)), { prompt: TEXT, parameters: { language: "en" } });
  await driver.puts[0]?.answer(200);
  assert.deepEqual(driver.sent().at(-1), { ...NAMED, agent: "critic" });
});

test("what fits a frame is sent as it is, to the byte", async (context) => {
  const driver = new Uploads(context);
  await driver.connect();
  const rest = JSON.stringify({ prompt: "", sessionId: "s", requestId: "r" }).length;
  driver.client.prompt("x".repeat(32_768 - rest), { requestId: "r" });
  assert.equal(driver.sent()[0].prompt.length, 32_768 - rest);
  driver.accept();
  driver.client.prompt("x".repeat(32_768 - rest), { requestId: "r2" });
  assert.equal(driver.sent()[0].action, "upload");
});

test("later prompts of the session wait for an upload, so that the order stays", async (context) => {
  const driver = new Uploads(context);
  await driver.large();
  driver.client.prompt("second", { requestId: "r2" });
  driver.offer();
  await driver.wait(30);
  assert.deepEqual(driver.sent(), []);
  await driver.puts[0]?.answer(200);
  assert.deepEqual(driver.sent(), [NAMED]);
  driver.accept();
  assert.deepEqual(
    driver.sent().map(({ requestId }) => requestId),
    ["r2"],
  );
});

test("an offer does not say whose it is, so sessions ask one after the other", async (context) => {
  const driver = new Uploads(context);
  await driver.large();
  driver.client.prompt(TEXT, { requestId: "other", sessionId: "other" });
  assert.deepEqual(driver.sent(), []);
  driver.offer();
  assert.deepEqual(driver.sent(), [asks("other")]);
  driver.offer("u2");
  await driver.puts[1]?.answer(200);
  assert.deepEqual(driver.sent(), [{ upload: "u2", sessionId: "other", requestId: "other" }]);
});

for (const [what, end] of [
  ["is refused", (driver: Uploads) => driver.puts.at(-1)?.answer(403)],
  ["breaks", (driver: Uploads) => driver.puts.at(-1)?.fail()],
] as const) {
  test(`an upload that ${what} is tried again at a new address`, async (context) => {
    const driver = new Uploads(context);
    const run = await driver.large();
    driver.offer();
    await end(driver);
    assert.equal(run.getSnapshot().upload?.sent, 0);
    assert.deepEqual(await driver.wait(4), [asks()]);
    driver.offer("u2");
    await driver.puts.at(-1)?.answer(200);
    assert.deepEqual(driver.sent(), [{ ...NAMED, upload: "u2" }]);
  });
}

test("an upload that takes too long is not begun anew", async (context) => {
  const driver = new Uploads(context);
  const run = await driver.large();
  driver.offer();
  await driver.wait(301);
  const ending = await run.ending;
  assert.equal(codeOf(ending), "upload_failed");
  assert.match(ending.outcome === "failed" ? ending.message : "", /too long/);
});

test("after its last try the prompt fails with the reason, and the next is sent", async (context) => {
  const driver = new Uploads(context);
  const run = await driver.large();
  driver.client.prompt("second", { requestId: "r2" });
  let last: any[] = [];
  for (let times = 0; times < 8; times += 1) {
    driver.offer();
    await driver.puts.at(-1)?.answer(500);
    last = await driver.wait(35);
  }
  assert.deepEqual(
    last.map(({ requestId }) => requestId),
    ["r2"],
  );
  const ending = await run.ending;
  assert.match(ending.outcome === "failed" ? ending.message : "", /refused \(500\)/);
});

test("a refusal that may pass is asked again, and one that does not is told", async (context) => {
  const driver = new Uploads(context);
  const run = await driver.large();
  driver.refuse("unavailable", true, "r");
  assert.deepEqual(await driver.wait(4), [asks()]);
  driver.refuse("too_large", false, "r");
  assert.equal(codeOf(await run.ending), "too_large");
});

test("where there are no uploads that is said", async (context) => {
  const driver = new Uploads(context);
  const run = await driver.large();
  driver.refuse("invalid_request", false, "r");
  const ending = await run.ending;
  assert.match(ending.outcome === "failed" ? ending.message : "", /takes no uploads/);
});

test("an upload goes on while the connection is lost", async (context) => {
  const driver = new Uploads(context);
  await driver.large();
  driver.offer();
  driver.drop();
  await driver.puts[0]?.answer(200);
  await driver.reopen();
  assert.deepEqual(driver.sent(), [NAMED]);
});

test("an address that never came is asked for again", async (context) => {
  const driver = new Uploads(context);
  await driver.large();
  assert.deepEqual(await driver.wait(36), [asks()]);
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [asks()]);
});

test("a prompt whose answer was lost names the same upload again", async (context) => {
  const driver = new Uploads(context);
  await driver.large();
  driver.offer();
  await driver.puts[0]?.answer(200);
  driver.sent();
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.sent(), [NAMED]);
});

test("a stop ends an upload, and nothing is asked", async (context) => {
  const driver = new Uploads(context);
  const run = await driver.large();
  driver.offer();
  await driver.advance(1);
  driver.sent();
  const late = driver.puts[0];
  void run.stop();
  assert.equal(late?.signal.aborted, false); // the gateway may know the id: it was given one
  driver.frame("stopped", 1);
  await run.ending;
  assert.equal(late?.signal.aborted, true);
});

test("the address of a prompt that has ended is not taken by the next", async (context) => {
  const driver = new Uploads(context);
  await driver.connect();
  const run = driver.client.prompt(TEXT); // no id of ours: it never left, and is stopped here
  const other = driver.client.prompt(TEXT, { requestId: "r", sessionId: "other" });
  await run.stop();
  assert.equal(driver.sent().length, 2);
  driver.offer("orphan");
  assert.equal(driver.puts.length, 0);
  driver.offer("u1");
  await driver.puts[0]?.answer(200);
  assert.deepEqual(driver.sent(), [{ ...NAMED, sessionId: "other" }]);
  assert.equal(other.getSnapshot().state, "sending");
});

test("an address that is none is not used, and one that nobody asked for neither", async (context) => {
  const driver = new Uploads(context);
  await driver.connect();
  driver.offer();
  driver.client.prompt(TEXT, { requestId: "r" });
  driver.offer("u1", "javascript:alert(1)");
  assert.equal(driver.puts.length, 0);
});
