import { mock, type TestContext } from "node:test";
import { GatewayClient } from "../../src/client.ts";
import type { ConnectionSnapshot, GatewayOptions, PutRequest, Run, WebSocketConstructor } from "../../src/types.ts";

/** A socket whose other side is the test. */
export class FakeSocket {
  readonly url: string;
  readonly protocols: string[];
  readonly sent: any[] = [];
  isClosed = false;
  isTerminated = false;
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;

  constructor(url: string, protocols: string[] = []) {
    this.url = url;
    this.protocols = protocols;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

/** An upload on its way: the test says how it ends. */
export interface FakePut extends PutRequest {
  answer: (status: number) => Promise<void>;
  fail: () => Promise<void>;
}

/** Plays the gateway and the clock to a client. Its session is `s`, and every chance is the worst. */
export class Driver {
  readonly sockets: FakeSocket[] = [];
  readonly puts: FakePut[] = [];
  readonly states: ConnectionSnapshot[] = [];
  readonly client: GatewayClient;
  #slept = 0;
  #set = 0;

  constructor(context: TestContext, options: Partial<GatewayOptions> = {}) {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000_000_000 });
    const now = Date.now.bind(Date);
    mock.method(performance, "now", () => now() + this.#slept);
    mock.method(Date, "now", () => now() + this.#set);
    this.client = new GatewayClient({
      url: "ws://gateway/live",
      sessionId: "s",
      random: () => 1,
      WebSocket: this.#socketClass(),
      put: (request) => this.#put(request),
      ...options,
    });
    this.client.on("connection", (state) => this.states.push(state));
    context.after(() => {
      this.client.close();
      mock.reset();
      mock.timers.reset();
    });
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1) as FakeSocket;
  }

  get state(): ConnectionSnapshot {
    return this.client.getSnapshot();
  }

  async connect(): Promise<void> {
    this.client.connect();
    await settled();
    this.socket.onopen?.({});
  }

  /** A connected client whose prompt runs; what it sent for that is forgotten. */
  async start(requestId = "r"): Promise<Run> {
    await this.connect();
    const run = this.client.prompt("hello", { requestId });
    this.accept(requestId);
    this.frame("started", 1, { requestId });
    this.sent();
    return run;
  }

  /** What was sent on this connection since the last call. */
  sent(): any[] {
    return this.socket.sent.splice(0);
  }

  say(text: string): void {
    this.socket.onmessage?.({ data: text });
  }

  receive(frame: object): void {
    this.say(JSON.stringify(frame));
  }

  accept(requestId = "r"): void {
    this.receive({ type: "accepted", requestId, sessionId: "s" });
  }

  frame(type: string, seq: number, members: object = {}): void {
    this.receive({ type, requestId: "r", sessionId: "s", seq, ...members });
  }

  output(seq: number, ...events: unknown[]): void {
    this.frame("output", seq, { events });
  }

  interrupted(seq: number): void {
    this.frame("failed", seq, { code: "interrupted", message: "The worker died.", retryable: true });
  }

  resumed(after: number, state = "completed", requestId: string | null = "r"): void {
    this.receive({ type: "resumed", requestId, sessionId: "s", after, state });
  }

  refuse(code: string, retryable: boolean, requestId?: string): void {
    this.receive({ type: "rejected", code, message: "No.", retryable, ...(requestId && { requestId }) });
  }

  gatewayError(): void {
    this.receive({ message: "Internal server error", connectionId: "c", requestId: "not ours" });
  }

  drop(code = 1006): void {
    this.socket.onclose?.({ code, reason: "" });
  }

  /** The next try of a client that waits comes, and succeeds. */
  async reopen(): Promise<void> {
    mock.timers.tick((this.state.nextTryAt ?? 0) - Date.now());
    await settled();
    this.socket.onopen?.({});
  }

  async advance(seconds: number): Promise<void> {
    // second by second: what is made anew meanwhile has its own timers, and a pong keeps a silent connection alive
    for (let left = seconds; left > 0; left -= 1) {
      mock.timers.tick(Math.min(1, left) * 1000);
      await settled();
    }
  }

  /** The machine stands still; timers do not fire meanwhile. */
  sleep(seconds: number): void {
    this.#slept += seconds * 1000;
  }

  /** Somebody sets the clock on the wall. */
  setClock(seconds: number): void {
    this.#set += seconds * 1000;
  }

  /** The same on a connection whose other side answers pings. */
  async wait(seconds: number): Promise<any[]> {
    const sent: any[] = [];
    for (let left = seconds; left > 0; left -= 1) {
      await this.advance(Math.min(1, left));
      const said = this.sent();
      sent.push(...said.filter(({ action }) => action !== "ping"));
      if (said.some(({ action }) => action === "ping")) this.receive({ type: "pong" });
    }
    return sent;
  }

  /** How many seconds it takes until something is sent. */
  async secondsUntilSent(): Promise<number> {
    for (let seconds = 1; ; seconds += 1) if ((await this.wait(1)).length) return seconds;
  }

  #socketClass(): WebSocketConstructor {
    const { sockets } = this;
    return class extends FakeSocket {
      constructor(url: string, protocols?: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    };
  }

  #put(request: PutRequest): Promise<number> {
    return new Promise((resolve, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason));
      const answer = (status: number) => {
        resolve(status);
        return settled();
      };
      const fail = () => {
        reject(new Error("broken"));
        return settled();
      };
      this.puts.push({ ...request, answer, fail });
    });
  }
}

/** All that promises do by themselves is done. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export const eventsOf = (run: Run): unknown[] => run.getSnapshot().events.map(({ data }) => data);
export const resume = (after: number, requestId = "r") => ({ action: "resume", sessionId: "s", requestId, after });
export const PROMPT = { prompt: "hello", sessionId: "s", requestId: "r" };
