import assert from "node:assert/strict";
import { test } from "node:test";
import { Chat } from "@ai-sdk/react";
import type { UIMessage, UIMessageChunk } from "ai";
import { GatewayChatTransport, type GatewayChatTransportOptions } from "../../src/ai-sdk/index.ts";
import { GatewayError } from "../../src/errors.ts";
import { FakeGateway, FakeRun } from "../support/fake-gateway.ts";

const user: UIMessage = { id: "u1", role: "user", parts: [{ type: "text", text: "hi" }] };
const reply: UIMessage = { id: "a1", role: "assistant", parts: [{ type: "text", text: "Hello" }] };
const png = { type: "file", mediaType: "image/png", filename: "cat.png", url: "data:image/png;base64,AAAA" } as const;
const text = { type: "file", mediaType: "text/plain", filename: "a.TXT", url: "data:text/plain,%C3%A4" } as const;

async function asked(messages: UIMessage[], options: Partial<GatewayChatTransportOptions> = {}, more: object = {}) {
  const gateway = new FakeGateway();
  const transport = new GatewayChatTransport({ client: gateway, ...options });
  await transport.sendMessages({
    trigger: "submit-message",
    chatId: "c1",
    messageId: undefined,
    messages,
    abortSignal: undefined,
    ...more,
  });
  return gateway.prompts[0];
}

test("The user's last message is the prompt, the chat's id the session", async () => {
  assert.deepEqual(await asked([user, reply, { ...user, parts: [{ type: "text", text: "and?" }] }]), {
    prompt: "and?",
    options: { sessionId: "c1" },
  });
});

test("Agent, session and body go along", async () => {
  const sessionId = (chatId: string) => `user-1/${chatId}`;
  assert.deepEqual(await asked([user], { agent: "writer", sessionId }, { body: { temperature: 0 } }), {
    prompt: "hi",
    options: { sessionId: "user-1/c1", agent: "writer", parameters: { temperature: 0 } },
  });
});

test("The whole conversation goes beside the prompt, if that is wanted", async () => {
  const messages = [user, reply, user];
  assert.deepEqual((await asked(messages, { history: "all" }))?.options.parameters, { messages });
});

test("Files go as media", async () => {
  const image = { type: "image", format: "png", name: "cat.png", data: "AAAA" };
  assert.deepEqual((await asked([{ ...user, parts: [...user.parts, png] }]))?.options.parameters, { media: image });
  const both = await asked([{ ...user, parts: [png, text] }]);
  const document = { type: "document", format: "txt", name: "a.TXT", data: "w6Q=" };
  assert.deepEqual(both?.prompt, { input: { prompt: "", media: [image, document] } });
  const elsewhere = await asked([{ ...user, parts: [...user.parts, { ...png, url: "https://example.com/cat.png" }] }]);
  assert.deepEqual(elsewhere?.options.parameters?.media, {
    type: "image",
    format: "png",
    name: "cat.png",
    url: "https://example.com/cat.png",
  });
});

test("A prompt of one's own", async () => {
  const prompt = ({ messages }: { messages: UIMessage[] }) => ({ input: { count: messages.length } });
  assert.deepEqual((await asked([user], { prompt }))?.prompt, { input: { count: 1 } });
});

test("Without a message of the user there is nothing to ask", async () => {
  await assert.rejects(asked([reply]), TypeError);
});

test("What continues the assistant's message keeps its id", async () => {
  const gateway = new FakeGateway();
  gateway.run.push("Hi").end();
  const options = { chatId: "c1", messageId: undefined, messages: [user, reply], abortSignal: undefined };
  const stream = await new GatewayChatTransport({ client: gateway }).sendMessages({ trigger: "submit-message", ...options });
  assert.deepEqual((await stream.getReader().read()).value, { type: "start" });
});

test("Abort stops the run; to cancel the stream does not, and leaves nothing behind", async () => {
  const gateway = new FakeGateway();
  const abort = new AbortController();
  const options = { chatId: "c1", messageId: undefined, messages: [user], abortSignal: abort.signal };
  const stream = await new GatewayChatTransport({ client: gateway }).sendMessages({ trigger: "submit-message", ...options });
  await stream.cancel();
  gateway.run.push("more");
  await new Promise(setImmediate);
  assert.equal(gateway.run.stops, 0);
  assert.equal(gateway.run.listeners.size, 0);
  abort.abort();
  assert.equal(gateway.run.stops, 1);
});

async function reconnect(gateway: FakeGateway, options: Partial<GatewayChatTransportOptions> = {}, abortSignal?: AbortSignal) {
  const transport = new GatewayChatTransport({ client: gateway, ...options });
  return transport.reconnectToStream({ chatId: "c1", ...(abortSignal && { abortSignal }) });
}

async function first(stream: ReadableStream<UIMessageChunk> | null) {
  return (await stream?.getReader().read())?.value;
}

test("A reply that is on its way comes again from its beginning", async () => {
  const gateway = new FakeGateway();
  gateway.latest = { run: new FakeRun("r7").push("Hel"), state: "running" };
  assert.deepEqual(await first(await reconnect(gateway)), { type: "start", messageId: "r7" });
  assert.equal(gateway.resumes[0]?.sessionId, "c1");
});

test("There is nothing to resume where nothing runs", async () => {
  const gateway = new FakeGateway();
  assert.equal(await reconnect(gateway), null);
  gateway.latest = { run: new FakeRun("r7"), state: "completed" };
  assert.equal(await reconnect(gateway), null);
  gateway.latest.run.end();
  assert.deepEqual(await first(await reconnect(gateway, { replayEnded: true })), { type: "start", messageId: "r7" });
});

test("A journal that is gone is nothing to resume; another refusal is an error", async () => {
  const gateway = new FakeGateway();
  const refuse = (code: string) => async () => Promise.reject(new GatewayError({ code, message: "no", retryable: false }));
  gateway.resume = refuse("replay_expired");
  assert.equal(await reconnect(gateway), null);
  gateway.resume = refuse("invalid_request");
  await assert.rejects(reconnect(gateway), { code: "invalid_request" });
});

test("A resumed chat that is stopped stops the run", async () => {
  const gateway = new FakeGateway();
  const run = new FakeRun("r7").push("Hel");
  gateway.latest = { run, state: "running" };
  const abort = new AbortController();
  await reconnect(gateway, {}, abort.signal);
  abort.abort();
  await Promise.resolve();
  assert.equal(run.stops, 1);
});

test("A chat that resumes once more aborts the first resume, but the run goes on", async () => {
  const gateway = new FakeGateway();
  const run = new FakeRun("r7").push("Hel");
  gateway.latest = { run, state: "running" };
  const chat = new Chat({ id: "c1", transport: new GatewayChatTransport({ client: gateway }) });
  const first = chat.resumeStream();
  await new Promise(setImmediate);
  const second = chat.resumeStream();
  await new Promise(setImmediate);
  assert.equal(run.stops, 0);
  run.push("lo").end();
  await Promise.all([first, second]);
  assert.partialDeepStrictEqual(chat.messages, [{ id: "r7", parts: [{ type: "text", text: "Hello" }] }]);
});
