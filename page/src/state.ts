import type { ConnectionState, RunSnapshot } from "gateway-client";
import type { StoredTurn } from "./chats.ts";
import { longSpan, size } from "./format.ts";

/** What is known of a prompt: from the client, or as it was kept. */
export interface Facts {
  /** As the client's, and `rejected` (nothing was queued) or `lost` (nothing more can be learned about it). */
  state: string;
  accepted: boolean;
  at: number;
  startedAt: number | null;
  firstAt: number | null;
  endedAt: number | null;
  code: string | null;
  message: string | null;
  retryable: boolean;
  stopping: boolean;
  waiting: RunSnapshot["waiting"];
  background: boolean;
  /** It was refused because of another run that goes on in the background. */
  behind: boolean;
  upload: RunSnapshot["upload"];
  hasEvents: boolean;
}

const ENDED = new Set(["completed", "failed", "stopped", "rejected", "lost"]);
const LOST = new Set(["no_answer", "no_ending", "replay_expired", "not_found"]);
export const hasEnded = ({ state }: { state: string }): boolean => ENDED.has(state);

export function factsOf(run: RunSnapshot, kept: StoredTurn | null, background: boolean): Facts {
  const failed = run.ending?.outcome === "failed" ? run.ending : null;
  return {
    state: failed && LOST.has(failed.code) ? "lost" : failed && !run.accepted ? "rejected" : run.state,
    accepted: run.accepted,
    at: kept?.at ?? run.askedAt,
    startedAt: run.startedAt ?? kept?.startedAt ?? null,
    firstAt: kept ? (kept.firstAt ?? null) : run.firstEventAt,
    endedAt: run.endedAt,
    code: failed?.code ?? null,
    message: failed?.message ?? null,
    retryable: failed?.retryable ?? false,
    stopping: run.stopping !== null,
    waiting: run.waiting,
    background: run.background || Boolean(kept?.background),
    behind: failed?.code === "busy" && background,
    upload: run.upload,
    hasEvents: run.events.length > 0,
  };
}

export function factsOfStored(kept: StoredTurn): Facts {
  const { startedAt = null, firstAt = null, endedAt = null, code = null, message = null } = kept;
  const { retryable = false, behind = false, background = false } = kept;
  const known = { startedAt, firstAt, endedAt, code, message, retryable, behind, background };
  return {
    state: kept.state,
    accepted: kept.accepted,
    at: kept.at,
    ...known,
    stopping: false,
    waiting: null,
    upload: null,
    hasEvents: false,
  };
}

const WAITING = { agent_throttled: "agent throttled, trying again", agent_unavailable: "agent not reached, trying again" };
const WORDS: Record<string, string> = { rejected: "not accepted", lost: "ending unknown" };

/** What a run is doing, in a few words that are true. */
export function badge(facts: Facts, connection: ConnectionState): string {
  const { state, stopping, waiting, behind, hasEvents } = facts;
  if (hasEnded(facts)) return behind ? "busy" : (WORDS[state] ?? state);
  if (stopping) return "stopping";
  if (state === "sending") return connection === "open" ? (uploading(facts) ?? "sending") : "waiting for a connection";
  if (connection !== "open") return connection === "closed" ? "not connected" : "connecting";
  if (state === "queued") return "queued";
  if (waiting) return WAITING[waiting];
  if (isInBackground(facts)) return "in the background";
  return hasEvents ? "streaming" : "waiting for the agent";
}

/** How far the upload of a large prompt is, or null. */
function uploading({ upload }: Facts): string | null {
  if (!upload || upload.uploadId) return null;
  return `uploading ${size(upload.bytes)}, ${Math.floor((100 * upload.sent) / upload.bytes)} %`;
}

/** Frames do not tell which runs go on after their call: one that takes so long is shown as if it did. */
const BACKGROUND_AFTER = 60_000;
export const BUSY = "This session has a run in the background, so this prompt was not run. Wait for that run, or stop it.";

export function isInBackground({ state, stopping, background, startedAt, at }: Facts): boolean {
  if (ENDED.has(state) || stopping || (state !== "running" && !startedAt)) return false;
  return background || Date.now() - (startedAt ?? at) >= BACKGROUND_AFTER;
}

export function backgroundLine({ startedAt }: Facts, connection: ConnectionState): string {
  if (connection === "closed") return "This run has gone on in the background. Connect to see how it is.";
  const time = startedAt ? ` for ${longSpan(Date.now() - startedAt)}` : "";
  return `Working in the background${time}. You may close this page and come back; Stop ends it.`;
}

const ADVICE: Record<string, string> = {
  agent_throttled: "The agent has too much to do. Send it again in a minute.",
  agent_unavailable: "The gateway could not reach the agent. Is it running, and deployed where the gateway looks for it?",
  agent_timeout: "The agent said nothing for too long.",
  unknown_agent: "Look at the agent's name under Options.",
  rate_limited: "Too many prompts in a short time. Send it again in a moment.",
  no_answer: "It may have been taken: resume the session before you send it again.",
  replay_expired: "The gateway keeps a run for an hour after its end.",
};

/** Why it ended so, and what to do. */
export function reason({ behind, code, message }: Facts): string {
  if (behind) return BUSY;
  if (!code) return "";
  const advice = ADVICE[code];
  return `${code}: ${message ?? ""}${advice ? ` ${advice}` : ""}`;
}

/** Whether a replay is whole, and says how it ended as it was known before. */
export function repeats({ ending }: RunSnapshot, { state, code }: Facts): boolean {
  if (ending === null) return false;
  return ending.outcome === "failed" ? state === "failed" && code === ending.code : ending.outcome === state;
}
