import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayClient } from "../../src/client.ts";
import type { GatewayOptions, Run, RunSnapshot } from "../../src/types.ts";
import { gate, startAgent } from "../support/agent-double.ts";
import { startGateway } from "../support/gateway.ts";
import { Wire } from "../support/wire.ts";

const COUNT = 120;
const QUICK = { ask: 300, probe: 200, dead: 400, backoffBase: 10, backoffCap: 50, tick: 50, connect: 2_000, answer: 600 };

/** Chances that are the same each time (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function counting({ prompt }: { prompt: string }) {
  return Array.from({ length: COUNT }, (_, at) => ({ data: `${prompt} ${at}` }));
}

async function read(run: Run): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const { data } of run) events.push(data);
  return events;
}

/** Waits until a run is seen so. */
function seen(run: Run, holds: (snapshot: RunSnapshot) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => holds(run.getSnapshot()) && resolve();
    run.subscribe(look);
    look();
  });
}

function client(wire: Wire, options: Partial<GatewayOptions> = {}): GatewayClient {
  return new GatewayClient({ url: wire.url, times: QUICK, ...options });
}

for (const seed of [1, 2, 3, 4]) {
  test(`a network that cuts again and again: each event once, in order (seed ${seed})`, async (context) => {
    const wire = await Wire.to(context, await startGateway(context, await startAgent(context, counting)));
    const chance = dice(seed);
    wire.patience = () => (wire.connections > 60 ? Number.POSITIVE_INFINITY : 300 + chance() * 3_000);
    using gateway = client(wire, { random: chance });
    const names = Array.from({ length: 12 }, (_, at) => `p${at}`);
    const runs = names.map((name, at) => gateway.prompt(name, { sessionId: `session-${seed}-${at % 3}` }));
    const replies = await Promise.all(runs.map(read));
    assert.deepEqual(
      replies,
      names.map((prompt) => counting({ prompt }).map(({ data }) => data)),
    );
    for (const run of runs) assert.deepEqual(await run.ending, { outcome: "completed" });
    assert.ok(wire.connections > 5, `only ${wire.connections} connections`);
  });
}

test("a peer that is frozen is noticed, and the reply goes on elsewhere", async (context) => {
  const { opened, open } = gate();
  const agent = await startAgent(context, () => [{ data: "a" }, opened, { data: "b" }]);
  const wire = await Wire.to(context, await startGateway(context, agent));
  using gateway = client(wire);
  const run = gateway.prompt("hello", { sessionId: "frozen-peer" });
  await seen(run, ({ events }) => events.length === 1);
  wire.freeze();
  open();
  const next = gateway.prompt("next", { sessionId: "frozen-peer" });
  assert.equal(await run.result(), "ab");
  assert.equal(await next.result(), "ab");
  assert.equal(wire.connections, 2);
});

test("a gateway that was killed and started anew has lost what it knew, and each run learns so", async (context) => {
  const agent = await startAgent(context, ({ prompt }) =>
    prompt === "wait" ? [{ data: "a" }, new Promise(() => {})] : [{ data: "b" }],
  );
  const wire = await Wire.to(context, await startGateway(context, agent));
  using gateway = client(wire);
  const run = gateway.prompt("wait", { sessionId: "restarted" });
  await seen(run, ({ events }) => events.length === 1);
  wire.target = new URL(await startGateway(context, agent));
  wire.cut();
  const ending = await run.ending;
  assert.equal(ending.outcome === "failed" && ending.code, "no_ending");
  assert.equal(run.getSnapshot().text, "a");
  assert.equal(await gateway.prompt("go on", { sessionId: "restarted" }).result(), "b");
});

test("a large prompt goes by an upload, and through cuts", async (context) => {
  const agent = await startAgent(context, ({ prompt }) => [{ data: String(prompt.length) }]);
  const wire = await Wire.to(context, await startGateway(context, agent));
  using gateway = client(wire);
  const run = gateway.prompt("x".repeat(3_000_000), { sessionId: "large" });
  await seen(run, ({ upload }) => upload !== null);
  wire.cut();
  assert.equal(await run.result(), "3000000");
});
