import type { ServerFrame } from "./protocol.ts";

/** A value, or how to get one: asked anew for each connection, so that a token may be fresh and an address may move. */
export type Source<T> = T | (() => T | Promise<T>);

export interface GatewayOptions {
  /** The gateway's address, `wss://…`. `http(s)://` and a bare host are taken too. */
  url: Source<string | URL>;
  /** The token for `auth = "jwt"`; it goes as a WebSocket subprotocol, since a browser cannot set a header. */
  token?: Source<string | null | undefined>;
  /** Which session a prompt belongs to that names none. Default: an unguessable one, made once for this client. */
  sessionId?: string;
  /** Connect by yourself with the first prompt, resume or session (default), or only by `connect()`. */
  autoConnect?: boolean;
  /** The WebSocket to use where the platform has none (Node before 22): the one of the package `ws`. */
  WebSocket?: WebSocketConstructor;
  /** How a large prompt is put to its address. Default: `XMLHttpRequest` where there is one (it tells how far it is), else `fetch`. */
  put?: Put;
  /** Times in milliseconds, to be changed in tests only. */
  times?: Partial<Times>;
  /** A number from 0 to 1, for jitter. */
  random?: () => number;
}

/** What a prompt may say beside its text. */
export interface PromptOptions {
  /** The conversation. Default: the client's own, `gateway.sessionId`. */
  sessionId?: string;
  /** The idempotency key, 1 to 64 of `A-Z a-z 0-9 . _ -`. Give the one of an earlier try to learn how that went. Default: a new one. */
  requestId?: string;
  /** The name of a configured agent. Default: the default agent. */
  agent?: string;
  /** Merged into the agent's invocation body. Only with a text. */
  parameters?: Record<string, unknown>;
  /** Stops the run when it is aborted. */
  signal?: AbortSignal;
}

/** A prompt: its text, or the agent's whole invocation body. */
export type Prompt = string | { input: Record<string, unknown> };

export interface ResumeOptions {
  sessionId?: string;
  /** Default: what runs in the session, else what ran last. */
  requestId?: string;
  signal?: AbortSignal;
}

/** One event of an agent: `data` as the agent sent it, and the name that it gave it (`message` if none), as in server-sent events. */
export interface AgentEvent {
  readonly name: string;
  readonly data: unknown;
  /** The number of the frame that brought it; the last one, of an event in slices. */
  readonly seq: number;
}

/**
 * How a run ended. `failed` is what the gateway says (docs/protocol.md has the codes), what it says of a prompt that it refused
 * (`rejected`), or one of the client's own: `no_answer`, `no_ending`, `upload_failed`, `too_many_prompts`, `closed`.
 * `kept` is how many of the events hold: after `interrupted` fewer than a loop may have been given.
 */
export type Ending =
  | { readonly outcome: "completed" }
  | { readonly outcome: "stopped" }
  | {
      readonly outcome: "failed";
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
      readonly kept: number;
    };

/**
 * - `sending`: not known to be accepted yet
 * - `queued`: accepted, no worker has taken it
 * - `running`: from `started` on
 */
export type RunState = "sending" | "queued" | "running" | "completed" | "failed" | "stopped";

/** What is known of a run. A snapshot never changes: a change makes a new one (React's `useSyncExternalStore` wants it so). */
export interface RunSnapshot {
  readonly requestId: string;
  readonly sessionId: string;
  readonly state: RunState;
  /** Whether the gateway is known to have taken it. A `failed` that is not accepted was refused, or never left. */
  readonly accepted: boolean;
  /** All events so far, in order, each once. */
  readonly events: readonly AgentEvent[];
  /** The reply's text so far, by the rules of `text()`. */
  readonly text: string;
  readonly ending: Ending | null;
  /** A stop was asked for (`asked`), and the gateway has recorded it (`recorded`). */
  readonly stopping: "asked" | "recorded" | null;
  /** Why the agent is being called again, while it is. */
  readonly waiting: "agent_throttled" | "agent_unavailable" | null;
  /** Another prompt was `busy` because this run goes on after its call. */
  readonly background: boolean;
  /** Of a prompt that is too large for a frame. `uploadId` once it is uploaded. */
  readonly upload: { readonly bytes: number; readonly sent: number; readonly uploadId: string | null } | null;
  /** Milliseconds since 1970; null if not known: of a run that was replayed, for instance. */
  readonly askedAt: number;
  readonly startedAt: number | null;
  readonly firstEventAt: number | null;
  readonly endedAt: number | null;
  /** It had ended before this client heard of it: what comes of it is replayed. */
  readonly endedUnseen: boolean;
  /** The number of the last frame. */
  readonly seq: number;
  /** What was asked, if it was asked here and may have to be sent again. */
  readonly prompt: Prompt | null;
}

/** One prompt and its reply, of this client or of another device. */
export interface Run extends AsyncIterable<AgentEvent> {
  readonly requestId: string;
  readonly sessionId: string;
  /** Settles once, never rejects. */
  readonly ending: Promise<Ending>;
  /**
   * The events from the first one on, then the live ones; each loop has its own place. Ends with the run, however that ended.
   * Where a worker died, the last events that were given may be void: the ending is then `failed`/`interrupted`, and
   * `getSnapshot().events` has those that hold.
   */
  [Symbol.asyncIterator](): AsyncIterator<AgentEvent>;
  /** The reply's text, piece by piece, whatever framework made it. `smooth` spreads what came in one frame over the time to the next. */
  text(options?: TextOptions): AsyncIterable<string>;
  /** The whole text. Rejects with a `GatewayError` if the run failed; a stopped one gives what there was. */
  result(): Promise<string>;
  /** Stops it, queued or running. Resolves when the run has ended. */
  stop(): Promise<Ending>;
  /** Calls `listener` after each change, until the returned function is called. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => RunSnapshot;
}

export interface TextOptions {
  smooth?: boolean;
}

/** One conversation, on whatever devices. */
export interface Session {
  readonly sessionId: string;
  prompt(prompt: Prompt, options?: Omit<PromptOptions, "sessionId">): Run;
  resume(options?: Omit<ResumeOptions, "sessionId">): Promise<Run | null>;
  /**
   * `run`: a run that is new here: asked here, on another device, or found by a resume. While there is a listener the session is
   * followed: attached again on each new connection.
   */
  on(type: "run", listener: (run: Run) => void): () => void;
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => SessionSnapshot;
}

export interface SessionSnapshot {
  readonly sessionId: string;
  /** Those that have not ended and the last that have, up to 50; oldest first. */
  readonly runs: readonly Run[];
}

export type ConnectionState = "closed" | "connecting" | "open" | "waiting";

export interface ConnectionSnapshot {
  /** `waiting`: the last connection was lost or could not be made, and the next try is at `nextTryAt`. */
  readonly state: ConnectionState;
  /** Tries since something was last received. */
  readonly attempt: number;
  readonly nextTryAt: number | null;
  /** Why the last connection ended, or could not be made; null while all is well. */
  readonly problem: ConnectionProblem | null;
}

export interface ConnectionProblem {
  /** Whether there had been a connection, or none could be made. */
  readonly opened: boolean;
  /** The WebSocket close code: 1006 where nobody said why. */
  readonly code: number;
  readonly reason: string;
}

/** A message that was sent or received. `frame` is undefined if its text is no JSON. */
export interface FrameEvent {
  readonly direction: "sent" | "received";
  readonly text: string;
  readonly frame: unknown;
  readonly at: Date;
}

export interface GatewayEvents {
  /** The connection's state has changed. */
  connection: ConnectionSnapshot;
  /** Each message, for logs. */
  frame: FrameEvent;
  /** A run that is new here, of any session. */
  run: Run;
  /** A refusal that belongs to nothing this client knows of, such as that of a message sent by `send`. */
  rejected: Extract<ServerFrame, { type: "rejected" }>;
}

/** Puts a body to an address. Rejects if that did not get through; otherwise gives the HTTP status. */
export type Put = (request: PutRequest) => Promise<number>;
export interface PutRequest {
  url: string;
  headers: Record<string, string>;
  body: Uint8Array;
  signal: AbortSignal;
  onProgress: (sent: number) => void;
}

export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;
/** As much of a WebSocket as the client uses: that of browsers, of Node 22 and of the package `ws`. Each has its own types of events. */
export interface WebSocketLike {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  /** Only that of the package `ws`: ends it without the other side. */
  terminate?(): void;
}

/** Milliseconds. */
export interface Times {
  /** Between two pings: API Gateway closes a connection after 10 idle minutes. */
  ping: number;
  /** After something was sent and nothing came: ask whether the other side is there. */
  probe: number;
  /** After something was sent and nothing came: the connection is dead. */
  dead: number;
  /** A run says something every 20 s; after this it is asked for. */
  silence: number;
  /** Between two resumes of a run. */
  ask: number;
  /** Until a connection stands; a token that does not come counts too. */
  connect: number;
  /** Until an unanswered prompt is sent again: API Gateway itself answers after 29 s. */
  answer: number;
  /** Still queued after this: the prompt is sent again. */
  queued: number;
  /** A run is forgotten so long after its end: sent again then, it would run again. */
  window: number;
  /** API Gateway closes a connection after 2 hours; so old, it is replaced while nothing is lost by it. */
  renew: number;
  backoffBase: number;
  backoffCap: number;
  tick: number;
}
