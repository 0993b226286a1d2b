import { MAX_FRAME_BYTES, newId, requestIdProblem } from "gateway-client";
import { submit } from "./asking.ts";
import type { Asked } from "./chats.ts";
import { copyMenu } from "./copy-as.ts";
import { current } from "./current.ts";
import { $, field, fieldError } from "./dom.ts";
import { bytesOf, isObject, parsed } from "./format.ts";
import { client } from "./gateway.ts";
import { savedChips } from "./saved.ts";
import { labelOfRaw } from "./session.ts";
import { followChat, oldestRunning, turns } from "./turns.ts";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const ids = () => ({ sessionId: current.sessionId, requestId: newId() });
const MESSAGES: Record<string, () => object> = {
  Prompt: () => ({ prompt: "Hello, what can you do?", ...ids() }),
  Parameters: () => ({ prompt: "Plan a day in Kyoto", parameters: { language: "en", budget: 120 }, ...ids() }),
  Multimodal: () => ({
    input: { prompt: "What is in this picture?", media: { type: "image", format: "png", data: PIXEL } },
    ...ids(),
  }),
  "AG-UI": () => ({ input: agUi(), ...ids() }),
  Echo: () => ({ action: "echo", data: { hello: "gateway", at: new Date().toISOString() } }),
  Ping: () => ({ action: "ping" }),
  Resume: () => ({ action: "resume", sessionId: current.sessionId, requestId: [...turns.keys()].at(-1), after: 0 }),
  Stop: () => ({ action: "stop", sessionId: current.sessionId, requestId: oldestRunning()?.requestId }),
  Invalid: () => ({ prompt: 42, ...ids() }),
};

function agUi(): object {
  const messages = [{ id: "1", role: "user", content: "Hello" }];
  return { threadId: current.sessionId, runId: newId(), state: {}, messages, tools: [], context: [], forwardedProps: {} };
}

/** One line, but with spaces to read and to break at. */
const spaced = (message: object): string => JSON.stringify(message, null, 1).replace(/\n\s*/g, " ");

const labels = new Map<string, string>(); // what raw messages asked, by request id
const unnamed: string[] = []; // and those without one: the gateway names the request

function labelOf({ prompt, input, upload }: Record<string, unknown>): string {
  if (typeof prompt === "string") return prompt;
  return upload ? `What was uploaded as ${upload}` : (JSON.stringify(input, null, 2) ?? "");
}

const isPrompt = (message: Record<string, unknown>): boolean =>
  message.action === undefined && ("prompt" in message || "input" in message || "upload" in message);

/** Whether a raw message is a prompt of this session that is too large for a frame, and so goes by an upload. */
function isUploaded(text: string, message: Record<string, unknown>): boolean {
  if (bytesOf(text) <= MAX_FRAME_BYTES || !isPrompt(message) || "upload" in message) return false;
  const { requestId, sessionId = current.sessionId } = message;
  const isNamed = requestId === undefined || (typeof requestId === "string" && !requestIdProblem(requestId)); // else its refusal would name none
  return isNamed && sessionId === current.sessionId;
}

function send(): void {
  const text = field("raw").value;
  fieldError("raw", null);
  if (client.getSnapshot().state !== "open")
    return fieldError("raw", "Not connected: a raw message is sent at once or not at all.");
  const message = parsed(text); // it may be none on purpose: it is sent as it is
  if (isObject(message)) {
    if (isUploaded(text, message)) return sendLarge(message);
    if (isPrompt(message)) note(message);
  }
  client.send(text);
}

function note(message: Record<string, unknown>): void {
  if (typeof message.requestId === "string") labels.set(message.requestId, labelOf(message));
  else unnamed.push(labelOf(message));
}

function sendLarge({ prompt, input, agent, parameters, requestId }: Record<string, unknown>): void {
  const asked = { prompt, input, agent, parameters } as Asked; // what else there is the gateway does not look at
  submit(asked, labelOf({ prompt, input }), [], requestId as string | undefined);
  followChat(true);
}

function showSize(): void {
  const bytes = bytesOf(field("raw").value);
  const large = bytes > MAX_FRAME_BYTES ? ": too large for one frame; a prompt is uploaded" : "";
  $("raw-size").textContent = bytes ? `${bytes.toLocaleString("en")} bytes${large}` : "";
}

/** Lays out JSON, or puts it on one line again. */
function layOut(): void {
  const box = field("raw");
  const value = parsed(box.value);
  if (value === undefined) return fieldError("raw", "This is no JSON, so it cannot be laid out.");
  fieldError("raw", null);
  box.value = box.value.includes("\n") ? spaced(value as object) : JSON.stringify(value, null, 2);
  showSize();
}

export function startRaw(): void {
  const box = field("raw");
  labelOfRaw.of = (requestId) => labels.get(requestId) ?? unnamed.shift() ?? "";
  box.addEventListener("input", showSize);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $<HTMLFormElement>("raw-form").requestSubmit();
  });
  $("raw-form").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  $("raw-layout").addEventListener("click", layOut);
  $("raw-copy-as").addEventListener("click", () => {
    const message = parsed(box.value);
    fieldError("raw", message === undefined ? "Only a message that is JSON can be copied as code." : null);
    if (message !== undefined) copyMenu($("raw-copy-as"), () => message);
  });
  client.on("rejected", (frame) => fieldError("raw", `${frame.code}: ${frame.message}`));
  const templates = Object.fromEntries(Object.entries(MESSAGES).map(([name, make]) => [name, () => spaced(make())]));
  const onPick = () => {
    box.focus();
    box.setSelectionRange(0, 0); // its beginning tells what it is
    box.scrollTop = 0;
  };
  savedChips({ kind: "raw", box: $("raw-templates"), save: $("save-raw"), field: box, templates, onPick });
}
