/** What the gateway and a client say to each other: docs/protocol.md. */

/** Codes of `failed`, and of `rejected`. A later gateway may have more. */
export type FailedCode =
  | "agent_error"
  | "agent_unavailable"
  | "agent_throttled"
  | "agent_timeout"
  | "deadline_exceeded"
  | "interrupted"
  | "busy"
  | "output_too_large"
  | "invalid_upload"
  | "internal";
export type RejectedCode =
  | "invalid_json"
  | "invalid_request"
  | "too_large"
  | "unknown_agent"
  | "not_found"
  | "replay_expired"
  | "rate_limited"
  | "unavailable";

interface OfRun {
  requestId: string;
  sessionId: string;
}
interface Numbered extends OfRun {
  seq: number;
}

export type ResumedState = "idle" | "queued" | "running" | "completed" | "failed" | "stopped";

export type ServerFrame =
  | ({ type: "accepted" } & OfRun)
  | { type: "rejected"; code: RejectedCode | (string & {}); message: string; requestId?: string; retryable: boolean }
  | { type: "resumed"; requestId: string | null; sessionId: string; after: number; state: ResumedState }
  | ({ type: "stopping" } & OfRun)
  | { type: "upload"; uploadId: string; url: string; expiresInMs: number }
  | { type: "pong" }
  | { type: "echo"; data: unknown }
  | RunFrame;

/** Frames of a run. */
export type RunFrame =
  | NumberedFrame
  | ({ type: "progress"; elapsedMs: number; waiting?: "agent_throttled" | "agent_unavailable" } & OfRun);

export type NumberedFrame =
  | ({ type: "started" } & Numbered)
  | ({ type: "output"; events: unknown[]; names?: Record<string, string> } & Numbered)
  | ({ type: "output"; part: { index: number; last: boolean }; text: string; name?: string } & Numbered)
  | TerminalFrame;

export type TerminalFrame =
  | ({ type: "completed" } & Numbered)
  | ({ type: "failed"; code: FailedCode | (string & {}); message: string; retryable: boolean } & Numbered)
  | ({ type: "stopped" } & Numbered);

/** The largest message that a browser can send: it sends a message as one frame, and API Gateway takes 32 KiB in one. */
export const MAX_FRAME_BYTES = 32_768;
