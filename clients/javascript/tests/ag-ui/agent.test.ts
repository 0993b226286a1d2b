import assert from "node:assert/strict";
import { test } from "node:test";
import type { BaseEvent, Message, RunAgentInput } from "@ag-ui/client";
import { requestIdOf } from "../../src/ag-ui/ids.ts";
import { GatewayAgent, type GatewayAgentConfig } from "../../src/ag-ui/index.ts";
import { FakeGateway, FakeRun } from "../support/fake-gateway.ts";
import { vectors } from "../vectors.ts";

const ids = { threadId: "t1", runId: "r1" };
const input: RunAgentInput = { ...ids, messages: [], tools: [], context: [], state: {}, forwardedProps: {} };
const hello = [
  { type: "RUN_STARTED", ...ids },
  { type: "TEXT_MESSAGE_START", messageId: "m1", role: "assistant" },
  { type: "TEXT_MESSAGE_CONTENT", messageId: "m1", delta: "Hel" },
  { type: "TEXT_MESSAGE_CONTENT", messageId: "m1", delta: "lo" },
  { type: "TEXT_MESSAGE_END", messageId: "m1" },
  { type: "RUN_FINISHED", ...ids },
];

function agentOf(gateway: FakeGateway, config: Partial<GatewayAgentConfig> = {}) {
  return new GatewayAgent({ client: gateway, threadId: "t1", ...config });
}

async function eventsOf(fill: (run: FakeRun) => void, gateway = new FakeGateway()): Promise<BaseEvent[]> {
  fill(gateway.run);
  const events: BaseEvent[] = [];
  await new Promise<void>((resolve, reject) => {
    agentOf(gateway)
      .run(input)
      .subscribe({ next: (event) => events.push(event), error: reject, complete: resolve });
  });
  return events;
}

test("The input is the body, the thread the session, the run the request", async () => {
  const gateway = new FakeGateway();
  gateway.run.push(...hello).end();
  await agentOf(gateway, { agent: "writer" }).runAgent({ runId: "r1", context: [{ description: "d", value: "v" }] });
  const [asked] = gateway.prompts;
  assert.partialDeepStrictEqual(asked, {
    prompt: { input: { ...ids, context: [{ description: "d", value: "v" }] } },
    options: { sessionId: "t1", requestId: "r1", agent: "writer" },
  });
});

test("A run's id that is no request id becomes one, always the same", () => {
  assert.equal(requestIdOf("run-1.2_3"), "run-1.2_3");
  assert.equal(requestIdOf("run 1"), "run-1-7a227b6a339b95dd");
  const long = requestIdOf("ü".repeat(200));
  assert.match(long, /^[A-Za-z0-9._-]{1,64}$/);
  assert.notEqual(long, requestIdOf("ü".repeat(201)));
});

test("An AG-UI agent's events pass unchanged", async () => {
  assert.deepEqual(await eventsOf((run) => run.push(...hello).end()), hello);
});

test("A text of another framework becomes a message", async () => {
  const events = await eventsOf((run) => run.push({ data: "Hel" }, { data: "lo" }).end());
  const messageId = "r1-1";
  assert.deepEqual(events, [
    { type: "RUN_STARTED", ...ids },
    { type: "TEXT_MESSAGE_START", messageId, role: "assistant" },
    { type: "TEXT_MESSAGE_CONTENT", messageId, delta: "Hel" },
    { type: "TEXT_MESSAGE_CONTENT", messageId, delta: "lo" },
    { type: "TEXT_MESSAGE_END", messageId },
    { type: "RUN_FINISHED", ...ids },
  ]);
});

test("Tool calls of another framework are in the agent's messages", async () => {
  const gateway = new FakeGateway();
  gateway.run
    .push({ data: "Let me look." })
    .push({
      message: { role: "assistant", content: [{ toolUse: { toolUseId: "c1", name: "weather", input: { city: "Kyoto" } } }] },
    })
    .push({ message: { role: "user", content: [{ toolResult: { toolUseId: "c1", content: [{ text: "sunny" }] } }] } })
    .push({ data: "It is sunny." })
    .end();
  const { newMessages } = await agentOf(gateway).runAgent();
  const call = { id: "c1", type: "function", function: { name: "weather", arguments: '{"city":"Kyoto"}' } };
  assert.partialDeepStrictEqual(newMessages, [
    { role: "assistant", content: "Let me look." },
    { role: "assistant", toolCalls: [call] },
    { role: "tool", toolCallId: "c1", content: "sunny" },
    { role: "assistant", content: "It is sunny." },
  ] as Message[]);
});

test("A failure is a RUN_ERROR, unless the agent itself said so", async () => {
  const error = { type: "RUN_ERROR", message: "boom", code: "agent_error" };
  assert.deepEqual((await eventsOf((run) => run.push(...hello.slice(0, 3)).fail("agent_error", "boom"))).at(-1), error);
  const refused = await eventsOf((run) => run.fail("rate_limited", "Slow down."));
  assert.deepEqual(refused.at(-1), { type: "RUN_ERROR", message: "Slow down.", code: "rate_limited" });
  const own = [hello[0], { type: "RUN_ERROR", message: "mine", code: "X" }];
  assert.deepEqual(await eventsOf((run) => run.push(...own).fail("agent_error", "mine")), own);
});

test("To abort stops the run, and is told as HttpAgent tells it", async () => {
  const gateway = new FakeGateway();
  gateway.run.push(...hello.slice(0, 3));
  const agent = agentOf(gateway);
  const codes: unknown[] = [];
  await agent.runAgent(
    {},
    {
      onTextMessageContentEvent: () => agent.abortRun(),
      onRunErrorEvent: ({ event }) => void codes.push(event.code),
    },
  );
  assert.equal(gateway.run.stops, 1);
  assert.deepEqual(codes, ["abort"]);
  assert.equal(agent.messages[0]?.content, "Hel");
});

test("To unsubscribe or detach leaves the run running, and nothing behind", async () => {
  const gateway = new FakeGateway();
  gateway.run.push(...hello.slice(0, 3));
  const agent = agentOf(gateway);
  const running = agent.runAgent();
  await new Promise(setImmediate);
  await agent.detachActiveRun();
  await running;
  gateway.run.push({ type: "TEXT_MESSAGE_CONTENT", messageId: "m1", delta: "lo" });
  await new Promise(setImmediate);
  assert.equal(gateway.run.stops, 0);
  assert.equal(gateway.run.listeners.size, 0);
  assert.equal(agent.messages[0]?.content, "Hel");
});

test("A prompt that cannot be asked fails the run", async () => {
  const gateway = new FakeGateway();
  gateway.prompt = () => {
    throw new TypeError("A session id has no control characters.");
  };
  await assert.rejects(
    eventsOf(() => {}, gateway),
    TypeError,
  );
});

test("connect shows the latest run from its beginning, and an idle thread nothing", async () => {
  const gateway = new FakeGateway();
  assert.deepEqual((await agentOf(gateway).connectAgent()).newMessages, []);
  gateway.latest = { run: new FakeRun("r1", "t1").push(...hello).end(), state: "completed" };
  const agent = agentOf(gateway);
  await agent.connectAgent();
  assert.equal(agent.messages[0]?.content, "Hello");
  await agent.connectAgent();
  assert.deepEqual(
    agent.messages.map(({ content }) => content),
    ["Hello"],
    "said once, however often it is connected",
  );
});

test("What is connected can be aborted", async () => {
  const gateway = new FakeGateway();
  const run = new FakeRun("r1", "t1").push(...hello.slice(0, 3));
  gateway.latest = { run, state: "running" };
  const agent = agentOf(gateway);
  await agent.connectAgent({}, { onTextMessageContentEvent: () => agent.abortRun() });
  assert.equal(run.stops, 1);
});

test("A clone is an agent of its own", async () => {
  const gateway = new FakeGateway();
  const capabilities = { humanInTheLoop: { interrupts: true } };
  const clone = agentOf(gateway, { agent: "writer", capabilities }).clone();
  clone.abortRun();
  gateway.run.push(...hello).end();
  await clone.runAgent();
  assert.equal(gateway.prompts[0]?.options.agent, "writer");
  assert.deepEqual(await clone.getCapabilities(), {
    ...capabilities,
    transport: { streaming: true, websocket: true, resumable: true },
  });
});

test("An interrupt and its answer are carried through", async () => {
  const gateway = new FakeGateway();
  const interrupts = [{ id: "i1", reason: "tool_call", message: "Send it?" }];
  gateway.run.push(hello[0], { ...hello[5], outcome: { type: "interrupt", interrupts } }).end();
  const agent = agentOf(gateway);
  await agent.runAgent();
  assert.deepEqual(agent.pendingInterrupts, interrupts);
  gateway.run = new FakeRun("r2", "t1").push(...hello).end();
  const resume = [{ interruptId: "i1", status: "resolved" as const, payload: { approved: true } }];
  await agent.runAgent({ resume });
  assert.partialDeepStrictEqual(gateway.prompts[1]?.prompt, { input: { resume } });
  assert.deepEqual(agent.pendingInterrupts, []);
});

for (const file of ["text.json", "tools.json"]) {
  for (const { name, events } of vectors<object>(file)) {
    if (name.startsWith("AG-UI")) continue; // they are cut out of runs, and would break its order
    test(`@ag-ui/client takes the events of ${file}: ${name}`, async () => {
      const gateway = new FakeGateway();
      gateway.run.push(...events.map(({ data }) => data)).end();
      await agentOf(gateway).runAgent();
    });
  }
}
