import { Chat, useChat } from "@ai-sdk/react";
import { GatewayClient } from "agentcore-gateway-client";
import { GatewayChatTransport } from "agentcore-gateway-client/ai-sdk";
import type { ChatStatus, UIMessage } from "ai";
import { type FormEvent, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

const client = new GatewayClient({ url: new URLSearchParams(location.search).get("gateway") ?? "ws://127.0.0.1:8787" });
client.connect(); // to hear of what other tabs ask, before anything is asked here
// This page keeps replies under the ids that they came with, so one that ended while it was away may come again.
const transport = new GatewayChatTransport({ client, replayEnded: true });

/** Each address after # is a chat of its own. */
const id = location.hash.slice(1) || "first";
// A chat is left by loading the page again: that stops no reply, so it goes on at the gateway and is resumed by whoever comes back.
window.addEventListener("hashchange", () => location.reload());
const isBusy = (status: ChatStatus) => status === "submitted" || status === "streaming";
const read = (stored: string | null): UIMessage[] => JSON.parse(stored ?? "[]");
// Outside the components: a chat that `useChat` makes is stopped when its component goes away, and the reply with it, for all.
const chat = new Chat<UIMessage>({ id, transport, messages: read(localStorage.getItem(id)) });
// What is asked in another tab is shown here too. The reply comes by the gateway, the question by the storage: either may be first.
client.session(id).on("run", () => void (isBusy(chat.status) || chat.resumeStream()));
window.addEventListener("storage", ({ key, newValue }) => key === id && add(read(newValue)));

/** Puts in questions that only the other tab has, where it has them. By its replies alone nobody knows where they belong. */
function add(theirs: UIMessage[]): void {
  const ours = new Map(chat.messages.map((message) => [message.id, message]));
  if (theirs.every(({ role, id }) => role !== "user" || ours.has(id))) return;
  const both = theirs.map((message) => ours.get(message.id) ?? message);
  chat.messages = [...both, ...chat.messages.filter((message) => !both.includes(message))];
}

/** Parts are only added at the end, so a place is a key. */
function partOf(part: UIMessage["parts"][number], at: number) {
  if (part.type === "text") return <span key={`text-${at}`}>{part.text}</span>;
  return part.type === "dynamic-tool" ? <p key={part.toolCallId}>{`🔧 ${part.toolName}: ${part.state}`}</p> : null;
}

function Conversation() {
  const { messages, sendMessage, status, stop, error } = useChat({ chat });
  const [text, setText] = useState("");
  useEffect(() => localStorage.setItem(id, JSON.stringify(messages)), [messages]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isBusy(status)) return void stop();
    if (text.trim()) void sendMessage({ text });
    setText("");
  };
  return (
    <main>
      {messages.map((message) => (
        <article key={message.id} className={message.role}>
          {message.parts.map(partOf)}
        </article>
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form onSubmit={submit}>
        <input aria-label="Message" value={text} onChange={(event) => setText(event.target.value)} />
        <button type="submit">{isBusy(status) ? "Stop" : "Send"}</button>
      </form>
    </main>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(<Conversation />);
