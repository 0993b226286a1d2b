import type { Prompt, PromptOptions } from "./types.ts";

/** What a client sends to ask an agent: docs/protocol.md, "Prompt members". */
export interface PromptMessage {
  prompt?: string;
  input?: Record<string, unknown>;
  upload?: string;
  parameters?: Record<string, unknown>;
  agent?: string;
  sessionId: string;
  requestId: string;
}

type Ids = Pick<PromptMessage, "sessionId" | "requestId">;

export function promptMessage(prompt: Prompt, { agent, parameters }: PromptOptions, ids: Ids): PromptMessage {
  const content = typeof prompt === "string" ? { prompt } : { input: prompt.input };
  return { ...content, ...(parameters && { parameters }), ...(agent !== undefined && { agent }), ...ids };
}

/** What of a message is uploaded when it does not fit a frame: all that the agent gets. */
export function uploadBody({ prompt, input, parameters }: PromptMessage): Uint8Array {
  const content = prompt === undefined ? { input } : { prompt, ...(parameters && { parameters }) };
  return new TextEncoder().encode(JSON.stringify(content));
}

/** The message that names what was uploaded. */
export function uploadedMessage({ agent, sessionId, requestId }: PromptMessage, uploadId: string): PromptMessage {
  return { upload: uploadId, ...(agent !== undefined && { agent }), sessionId, requestId };
}
