import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Chat } from "@ai-sdk/react";
import type { UIMessage } from "ai";
import { GatewayChatTransport } from "../../src/ai-sdk/index.ts";
import { gate, type Said, startAgent, until } from "../support/agent-double.ts";
import { clientOf, startGateway } from "../support/gateway.ts";

/** A chat as `useChat` makes it, on a device of its own. */
function chatOn(context: TestContext, url: string, messages: UIMessage[] = []): Chat<UIMessage> {
  const transport = new GatewayChatTransport({ client: clientOf(context, url) });
  return new Chat({ id: "kyoto", transport, messages });
}

function textOf(chat: Chat<UIMessage>): string {
  const parts = chat.lastMessage?.role === "assistant" ? chat.lastMessage.parts : [];
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

async function gatewayWith(context: TestContext, answer: (body: any) => Iterable<Said>): Promise<string> {
  return startGateway(context, await startAgent(context, answer));
}

test("A chat streams, and the next turn is in the same session", async (context) => {
  const bodies: any[] = [];
  const url = await gatewayWith(context, (body) => {
    bodies.push(body);
    return [{ data: "Start" }, { data: ` ${bodies.length}` }];
  });
  const chat = chatOn(context, url);
  await chat.sendMessage({ text: "hi" });
  await chat.sendMessage({ text: "and?" });
  assert.deepEqual(
    chat.messages.map(({ role, parts }) => [role, parts.map((part) => (part.type === "text" ? part.text : part.type)).join("")]),
    [
      ["user", "hi"],
      ["assistant", "Start 1"],
      ["user", "and?"],
      ["assistant", "Start 2"],
    ],
  );
  assert.deepEqual([bodies[0].prompt, bodies[1].prompt], ["hi", "and?"]);
  assert.equal(bodies[0].sessionId, bodies[1].sessionId);
  assert.equal(chat.status, "ready");
});

test("A reload in mid-reply goes on, and what has ended is not there twice", async (context) => {
  const { opened, open } = gate();
  const url = await gatewayWith(context, () => [{ data: "Hel" }, opened, { data: "lo" }]);
  const before = chatOn(context, url);
  const sending = before.sendMessage({ text: "hi" });
  await until(() => textOf(before) === "Hel");

  const after = chatOn(context, url, before.messages.slice(0, 1));
  const resuming = after.resumeStream();
  await until(() => textOf(after) === "Hel");
  open();
  await Promise.all([sending, resuming]);
  assert.equal(textOf(after), "Hello");
  assert.equal(textOf(before), "Hello", "the other device has it too");
  assert.equal(after.lastMessage?.id, before.lastMessage?.id);

  await after.resumeStream();
  assert.equal(after.messages.length, 2);
  assert.equal(after.status, "ready");
});

test("A stop on one device ends the reply on the other", async (context) => {
  const { opened, open } = gate();
  context.after(open);
  const url = await gatewayWith(context, () => [{ data: "Hel" }, opened, { data: "lo" }]);
  const one = chatOn(context, url);
  const sending = one.sendMessage({ text: "hi" });
  await until(() => textOf(one) === "Hel");
  const other = chatOn(context, url, one.messages.slice(0, 1));
  const resuming = other.resumeStream();
  await until(() => textOf(other) === "Hel");
  await one.stop();
  await Promise.all([sending, resuming]);
  assert.deepEqual([one.status, other.status], ["ready", "ready"]);
  assert.equal(textOf(other), "Hel");
});

test("A failure is the chat's error", async (context) => {
  const error = { error: "boom", error_type: "ValueError", message: "An error occurred during streaming" };
  const url = await gatewayWith(context, () => [{ data: "Hel" }, { data: error }]);
  const chat = chatOn(context, url);
  await chat.sendMessage({ text: "hi" });
  assert.deepEqual([chat.status, chat.error?.message, textOf(chat)], ["error", "boom", "Hel"]);
});

test("Chunks that the agent makes arrive as they are", async (context) => {
  const url = await gatewayWith(context, () => [
    { data: { type: "start", messageId: "m1" } },
    { data: { type: "data-weather", data: { sun: true } } },
    { data: { type: "text-start", id: "0" } },
    { data: { type: "text-delta", id: "0", delta: "Hi" } },
    { data: { type: "text-end", id: "0" } },
    { data: { type: "finish" } },
    { data: "[DONE]" },
  ]);
  const chat = chatOn(context, url);
  await chat.sendMessage({ text: "hi" });
  assert.equal(chat.lastMessage?.id, "m1");
  assert.partialDeepStrictEqual(chat.lastMessage?.parts, [{ type: "data-weather", data: { sun: true } }, { text: "Hi" }]);
});
