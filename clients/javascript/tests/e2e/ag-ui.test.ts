import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type AbstractAgent, type AgentSubscriber, type BaseEvent, HttpAgent, type Message } from "@ag-ui/client";
import { GatewayAgent } from "../../src/ag-ui/index.ts";
import { startAgent } from "../support/agent-double.ts";
import { clientOf, startGateway, startPython } from "../support/gateway.ts";

/** AG-UI's own agent and this one, in front of the same real AG-UI agent. */
async function both(context: TestContext) {
  const url = await startPython(context, "ag_ui_agent.py");
  const gateway = await startGateway(context, url);
  const make = () => new GatewayAgent({ client: clientOf(context, gateway), threadId: "t1" });
  return { http: new HttpAgent({ url: `${url}/invocations`, threadId: "t1" }), gateway: make(), make };
}

async function ask(agent: AbstractAgent, runId: string, content: string, parameters = {}, more: AgentSubscriber = {}) {
  const events: BaseEvent[] = [];
  if (content) agent.addMessage({ id: `${runId}-u`, role: "user", content });
  await agent.runAgent({ runId, ...parameters }, { ...more, onEvent: ({ event }) => void events.push(event) });
  return events;
}

for (const content of ["hi", "break", "approve hi"]) {
  test(`What HttpAgent yields for “${content}” comes through the gateway alike`, async (context) => {
    const { http, gateway } = await both(context);
    const expected = await ask(http, "r1", content);
    assert.deepEqual(await ask(gateway, "r1", content), expected);
    assert.deepEqual(gateway.messages, http.messages);
    assert.deepEqual(gateway.pendingInterrupts, http.pendingInterrupts);
    assert.ok(expected.length > 1);
  });
}

test("A person approves: the answer reaches the agent, and the call its result", async (context) => {
  const { gateway } = await both(context);
  await ask(gateway, "r1", "approve hi");
  const [interrupt] = gateway.pendingInterrupts;
  assert.equal(interrupt?.message, "Send “hi”?");
  await assert.rejects(ask(gateway, "r2", "never mind"), /pending interrupt/);
  gateway.setMessages(gateway.messages.slice(0, -1));
  const resume = [{ interruptId: interrupt?.id ?? "", status: "resolved" as const, payload: { approved: true } }];
  await ask(gateway, "r3", "", { resume });
  assert.deepEqual(gateway.pendingInterrupts, []);
  assert.partialDeepStrictEqual(gateway.messages.slice(-2), [
    { role: "tool", content: "sent" },
    { role: "assistant", content: "It is sent." },
  ] as Message[]);
});

test("Another device connects to the thread, and has what is waiting for approval", async (context) => {
  const { gateway, make } = await both(context);
  await ask(gateway, "r1", "approve hi");
  const other = make();
  await other.connectAgent();
  assert.deepEqual(other.pendingInterrupts, gateway.pendingInterrupts);
  const resume = [{ interruptId: "r1-send", status: "cancelled" as const }];
  await ask(other, "r2", "", { resume });
  assert.equal(other.messages.at(-1)?.content, "It is not sent.");
});

test("A run whose id was sent before is shown, not run again", async (context) => {
  const { gateway, make } = await both(context);
  const first = await ask(gateway, "r1", "hi");
  const again = make();
  assert.deepEqual(await ask(again, "r1", "something else"), first);
});

test("A failure of the gateway is a RUN_ERROR with its code", async (context) => {
  const gateway = await startGateway(context, await startAgent(context, () => []));
  const agent = new GatewayAgent({ client: clientOf(context, gateway), agent: "nobody", threadId: "t1" });
  const codes: unknown[] = [];
  await ask(agent, "r1", "hi", {}, { onRunErrorEvent: ({ event }) => void codes.push(event.code) });
  assert.deepEqual(codes, ["unknown_agent"]);
});
