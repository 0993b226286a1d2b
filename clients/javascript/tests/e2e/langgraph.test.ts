import assert from "node:assert/strict";
import { test } from "node:test";
import { startAgent } from "../support/agent-double.ts";
import { clientOf, startGateway } from "../support/gateway.ts";
import { vectors } from "../vectors.ts";

test("LangGraph's named events come with their names, and the text in them once", async (context) => {
  const all = vectors<object>("text.json").find(({ name }) => name === "LangGraph: all three modes");
  const events = all?.events ?? [];
  const url = await startGateway(context, await startAgent(context, () => events));
  const run = clientOf(context, url).prompt("hi");
  const seen = [];
  for await (const { name, data } of run) seen.push({ name, data });
  assert.deepEqual(seen, events);
  assert.equal(await run.result(), "Hello");
});

test("A graph that tells its updates only has a text too", async (context) => {
  const messages = [{ type: "ai", content: "Hello", id: "a1" }];
  const said = [{ name: "updates", data: { agent: { messages } } }];
  const url = await startGateway(context, await startAgent(context, () => said));
  assert.equal(await clientOf(context, url).prompt("hi").result(), "Hello");
});
