import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { GatewayClient } from "../src/client.ts";
import { Driver, PROMPT, resume, settled } from "./support/driver.ts";

test("the token goes as a subprotocol, and is asked for anew for each connection", async (context) => {
  let asked = 0;
  const driver = new Driver(context, { token: async () => `token-${++asked}` });
  await driver.connect();
  assert.deepEqual(driver.socket.protocols, ["bearer", "token-1"]);
  driver.drop();
  await driver.reopen();
  assert.deepEqual(driver.socket.protocols, ["bearer", "token-2"]);
});

test("without a token no subprotocol is asked for", async (context) => {
  const driver = new Driver(context, { token: () => null });
  await driver.connect();
  assert.deepEqual(driver.socket.protocols, []);
});

test("an address that is none is an error at once", () => {
  assert.throws(() => new GatewayClient({ url: "ftp://gateway" }), /ws:\/\/ or wss:\/\//);
  assert.throws(() => new GatewayClient({ url: "wss://" }), /not an address/);
  assert.throws(() => new GatewayClient({ url: "two words" }), /not an address: "two words"/);
});

test("a platform without a WebSocket is an error at once, unless one is given", (context) => {
  context.mock.property(globalThis, "WebSocket", undefined);
  assert.throws(() => new GatewayClient({ url: "ws://gateway" }), /package ws/);
  new GatewayClient({ url: "ws://gateway", WebSocket: class {} as never }).close();
});

test("the WebSocket of the package ws and that of a platform fit the option as they are", () => {
  // that this compiles is what is tested
  new GatewayClient({ url: "ws://gateway", WebSocket }).close();
  new GatewayClient({ url: "ws://gateway", WebSocket: globalThis.WebSocket }).close();
});

for (const [what, options, words] of [
  ["an address", { url: () => "ftp://gateway" }, /ws:\/\/ or wss:\/\//],
  ["a token", { token: () => "two words" }, /characters/],
  ["a token's source that fails", { token: () => Promise.reject(new Error("signed out")) }, /signed out/],
] as const) {
  test(`${what} that cannot be used is told, and asked for again`, async (context) => {
    const driver = new Driver(context, options);
    driver.client.connect();
    await settled();
    assert.equal(driver.state.state, "waiting");
    assert.match(driver.state.problem?.reason ?? "", words);
    assert.equal(driver.sockets.length, 0);
    await driver.advance(1);
    assert.equal(driver.state.attempt, 2);
  });
}

test("the wait before a new try doubles up to 30 seconds, with full jitter", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  const waits: number[] = [];
  for (let at = 0; at < 8; at += 1) {
    driver.drop();
    waits.push((driver.state.nextTryAt ?? 0) - Date.now());
    await driver.advance((waits.at(-1) ?? 0) / 1000);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
});

test("chance makes the wait shorter", async (context) => {
  const driver = new Driver(context, { random: () => 0.5 });
  await driver.connect();
  driver.drop();
  assert.equal((driver.state.nextTryAt ?? 0) - Date.now(), 250);
});

test("only a connection that said something starts the waits anew", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  driver.drop();
  await driver.reopen();
  driver.drop();
  assert.equal(driver.state.attempt, 2);
  await driver.reopen();
  driver.receive({ type: "pong" });
  assert.equal(driver.state.problem, null);
  driver.drop();
  assert.equal(driver.state.attempt, 1);
});

test("retryNow makes the next try at once", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  driver.drop();
  driver.client.retryNow();
  await settled();
  assert.equal(driver.sockets.length, 2);
  await driver.advance(1);
  assert.equal(driver.sockets.length, 2);
});

test("close ends the tries, and every unfinished run", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  driver.drop();
  driver.client.close();
  await driver.advance(120);
  assert.equal(driver.sockets.length, 1);
  const ending = await run.ending;
  assert.equal(ending.outcome === "failed" && ending.code, "closed");
  assert.throws(() => driver.client.prompt("more"), /closed/);
});

test("a socket whose other side does not answer its close is ended a second later", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  driver.client.close();
  await driver.advance(0.9);
  assert.deepEqual([driver.socket.isClosed, driver.socket.isTerminated], [true, false]);
  await driver.advance(0.2);
  assert.equal(driver.socket.isTerminated, true);
});

test("disconnect keeps what is unfinished for the next connect", async (context) => {
  const driver = new Driver(context);
  await driver.start();
  driver.client.disconnect();
  assert.equal(driver.state.state, "closed");
  assert.equal(driver.state.nextTryAt, null);
  await driver.connect();
  assert.deepEqual(driver.sent(), [resume(1)]);
});

test("it pings every five minutes", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  for (let times = 0; times < 2; times += 1) {
    await driver.advance(298);
    assert.deepEqual(driver.sent(), []);
    await driver.advance(2);
    assert.deepEqual(driver.sent(), [{ action: "ping" }]);
    driver.receive({ type: "pong" });
  }
});

test("a connection on which nothing answers is given up within ten seconds of a message", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  driver.client.prompt("hello", { requestId: "r" });
  await driver.advance(5);
  assert.deepEqual(driver.sent(), [PROMPT, { action: "ping" }]);
  assert.equal(driver.state.state, "open");
  await driver.advance(4.6);
  assert.equal(driver.state.state, "waiting");
  assert.equal(driver.state.problem?.reason, "no answer");
  assert.equal(driver.sockets[0]?.isClosed, true);
});

test("a slow gateway that answers the ping is waited for", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  driver.client.prompt("hello", { requestId: "r" });
  assert.deepEqual(await driver.wait(28), [PROMPT]);
  assert.equal(driver.state.state, "open");
  assert.deepEqual(await driver.wait(8), [PROMPT]); // API Gateway itself would have answered by now
});

test("a connection that does not come to stand is given up", async (context) => {
  const driver = new Driver(context);
  driver.client.connect();
  await driver.advance(31);
  assert.equal(driver.state.problem?.reason, "no connection in time");
  assert.equal(driver.sockets[0]?.isClosed, true);
});

test("before a connection is too old the next is made, and the old one closed only then", async (context) => {
  const driver = new Driver(context);
  const run = await driver.start();
  await driver.wait(5_000);
  assert.equal(driver.sockets.length, 1);
  while (driver.sockets.length < 2) await driver.wait(20);
  const [old, next] = driver.sockets;
  assert.equal(old?.isClosed, false);
  old?.onmessage?.({ data: JSON.stringify({ type: "output", requestId: "r", sessionId: "s", seq: 2, events: ["a"] }) });
  next?.onopen?.({});
  assert.equal(old?.isClosed, true);
  assert.deepEqual(driver.sent(), [resume(2)]);
  driver.output(3, "b");
  driver.frame("completed", 4);
  assert.deepEqual(await run.result(), "ab");
  assert.deepEqual([...new Set(driver.states.map(({ state }) => state))], ["connecting", "open"]);
});

test("where the next connection cannot be made the old one goes on", async (context) => {
  const driver = new Driver(context);
  await driver.start();
  while (driver.sockets.length < 2) await driver.wait(20);
  driver.drop();
  assert.equal(driver.state.state, "open");
  while (driver.sockets.length < 3) {
    await driver.advance(1);
    driver.sockets[0]?.onmessage?.({ data: '{"type":"pong"}' });
  }
});

test("a machine that has slept asks at once whether the connection still stands", async (context) => {
  const driver = new Driver(context);
  await driver.connect();
  driver.sleep(200);
  await driver.advance(1);
  assert.deepEqual(driver.sent(), [{ action: "ping" }]);
});

test("a clock that is set changes nothing", async (context) => {
  const driver = new Driver(context);
  await driver.start();
  driver.setClock(86_400);
  assert.deepEqual(await driver.wait(55), []);
  assert.equal(driver.state.state, "open");
});

test("ping and echo are answered, or refused where nobody can answer", async (context) => {
  const driver = new Driver(context);
  await assert.rejects(driver.client.ping(), { code: "closed" });
  await driver.connect();
  const ping = driver.client.ping();
  const echo = driver.client.echo({ hello: 1 });
  driver.receive({ type: "pong" });
  driver.receive({ type: "echo", data: { hello: 1 } });
  assert.equal(await ping, 0);
  assert.deepEqual(await echo, { hello: 1 });
  const lost = driver.client.echo(1);
  driver.drop();
  await assert.rejects(lost, { code: "closed", retryable: true });
});

test("an echo that is refused rejects, and takes no other's answer", async (context) => {
  const driver = new Driver(context);
  const told: string[] = [];
  driver.client.on("rejected", ({ code }) => told.push(code));
  await driver.connect();
  const refused = driver.client.echo("x".repeat(40_000));
  const echo = driver.client.echo(1);
  driver.refuse("invalid_request", false, "another");
  driver.refuse("too_large", false);
  driver.receive({ type: "echo", data: 1 });
  await assert.rejects(refused, { code: "too_large", retryable: false });
  assert.equal(await echo, 1);
  assert.deepEqual(told, ["invalid_request"]);
});

test("every message is told, for logs", async (context) => {
  const driver = new Driver(context);
  const seen: unknown[] = [];
  driver.client.on("frame", ({ direction, text, frame }) => seen.push([direction, text, frame]));
  await driver.connect();
  assert.equal(driver.client.send('{"action":"ping"}'), true);
  driver.say("no JSON");
  assert.deepEqual(seen, [
    ["sent", '{"action":"ping"}', { action: "ping" }],
    ["received", "no JSON", undefined],
  ]);
});
