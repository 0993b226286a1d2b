import assert from "node:assert/strict";
import { test } from "node:test";
import { readUIMessageStream, type UIMessage, type UIMessageChunk, uiMessageChunkSchema } from "ai";
import { GatewayChatTransport } from "../../src/ai-sdk/index.ts";
import { FakeGateway, type FakeRun } from "../support/fake-gateway.ts";
import { vectors } from "../vectors.ts";

const user: UIMessage = { id: "u1", role: "user", parts: [{ type: "text", text: "hi" }] };

async function send(gateway: FakeGateway, messages: UIMessage[] = [user]) {
  const transport = new GatewayChatTransport({ client: gateway });
  return transport.sendMessages({
    trigger: "submit-message",
    chatId: "c1",
    messageId: undefined,
    messages,
    abortSignal: undefined,
  });
}

async function all(stream: ReadableStream<UIMessageChunk>): Promise<UIMessageChunk[]> {
  const chunks = [];
  for await (const chunk of stream as unknown as AsyncIterable<UIMessageChunk>) chunks.push(chunk);
  return chunks;
}

async function chunksOf(fill: (run: FakeRun) => void): Promise<UIMessageChunk[]> {
  const gateway = new FakeGateway();
  fill(gateway.run);
  return all(await send(gateway));
}

test("A text is wrapped", async () => {
  assert.deepEqual(await chunksOf((run) => run.push("Hel", "lo").end()), [
    { type: "start", messageId: "r1" },
    { type: "text-start", id: "text-1" },
    { type: "text-delta", id: "text-1", delta: "Hel" },
    { type: "text-delta", id: "text-1", delta: "lo" },
    { type: "text-end", id: "text-1" },
    { type: "finish" },
  ]);
});

test("A reply without events is a message without parts", async () => {
  assert.deepEqual(await chunksOf((run) => run.end()), [{ type: "start", messageId: "r1" }, { type: "finish" }]);
});

test("Chunks of an agent that makes them pass unchanged", async () => {
  const made = [
    { type: "start", messageId: "m1" },
    { type: "text-start", id: "0" },
    { type: "text-delta", id: "0", delta: "Hi", extra: { kept: 1.5 } },
    { type: "data-weather", data: { sun: true } },
    { type: "text-end", id: "0" },
    { type: "finish", finishReason: "stop" },
  ];
  assert.deepEqual(await chunksOf((run) => run.push(...made, "[DONE]").end()), made);
});

test("A failure is an error chunk, once", async () => {
  const failed = await chunksOf((run) => run.push("Hel").fail("agent_error", "boom"));
  assert.deepEqual(failed.slice(-2), [
    { type: "text-end", id: "text-1" },
    { type: "error", errorText: "boom" },
  ]);
  const own = [{ type: "start" }, { type: "error", errorText: "boom" }];
  assert.deepEqual(await chunksOf((run) => run.push(...own).fail("agent_error", "boom")), own);
  const refused = await chunksOf((run) => run.fail("rate_limited", "Slow down."));
  assert.deepEqual(refused.at(-1), { type: "error", errorText: "Slow down." });
});

test("A stop is an abort chunk", async () => {
  assert.deepEqual((await chunksOf((run) => run.push("Hel").end({ outcome: "stopped" }))).at(-1), {
    type: "abort",
    reason: "stopped",
  });
  const made = await chunksOf((run) => run.push({ type: "start" }).end({ outcome: "stopped" }));
  assert.deepEqual(made, [{ type: "start" }, { type: "abort", reason: "stopped" }]);
});

test("A tool call becomes a part between two texts", async () => {
  const gateway = new FakeGateway();
  gateway.run
    .push({ data: "Let me look." }, { current_tool_use: { toolUseId: "t1", name: "weather", input: '{"city":"Kyoto"}' } })
    .push({
      message: { role: "assistant", content: [{ toolUse: { toolUseId: "t1", name: "weather", input: { city: "Kyoto" } } }] },
    })
    .push({ message: { role: "user", content: [{ toolResult: { toolUseId: "t1", content: [{ text: "sunny" }] } }] } })
    .push({ data: "It is sunny." })
    .end();
  const message = await lastMessageOf(await send(gateway));
  assert.equal(message?.id, "r1");
  assert.partialDeepStrictEqual(message?.parts, [
    { type: "text", text: "Let me look.", state: "done" },
    { type: "dynamic-tool", toolName: "weather", state: "output-available", input: { city: "Kyoto" }, output: "sunny" },
    { type: "text", text: "It is sunny.", state: "done" },
  ]);
});

test("A tool that failed is a part with its error", async () => {
  const chunks = await chunksOf((run) =>
    run
      .push({ message: { role: "assistant", content: [{ toolUse: { toolUseId: "t1", name: "x", input: {} } }] } })
      .push({
        message: { role: "user", content: [{ toolResult: { toolUseId: "t1", status: "error", content: [{ json: [1] }] } }] },
      })
      .end(),
  );
  assert.partialDeepStrictEqual(chunks.at(-2), { type: "tool-output-error", toolCallId: "t1", errorText: "[1]" });
});

for (const file of ["text.json", "tools.json"]) {
  for (const { name, events } of vectors<object>(file)) {
    test(`The AI SDK takes the chunks of ${file}: ${name}`, async () => {
      const chunks = await chunksOf((run) => run.push(...events.map(({ data }) => data)).end());
      const schema = await uiMessageChunkSchema();
      for (const chunk of chunks) assert.ok((await schema.validate?.(chunk))?.success, JSON.stringify(chunk));
      const stream = new ReadableStream<UIMessageChunk>({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(chunk);
          controller.close();
        },
      });
      await lastMessageOf(stream);
    });
  }
}

async function lastMessageOf(stream: ReadableStream<UIMessageChunk>): Promise<UIMessage | undefined> {
  let last: UIMessage | undefined;
  for await (const message of readUIMessageStream({ stream, terminateOnError: true })) last = message;
  return last;
}
