import { gatewayUrl } from "./address.ts";
import { Engine } from "./engine.ts";
import { Router } from "./router.ts";
import { webSocket } from "./socket.ts";
import { now } from "./times.ts";
import type {
  ConnectionSnapshot,
  GatewayEvents,
  GatewayOptions,
  Prompt,
  PromptOptions,
  ResumeOptions,
  Run,
  Session,
} from "./types.ts";

/** As much of the client as an adapter needs. */
export type Gateway = Pick<GatewayClient, "prompt" | "resume">;

/**
 * A client of the gateway: one connection, any number of sessions and runs.
 *
 *     const gateway = new GatewayClient({ url, token: async () => "…" });
 *     const run = gateway.prompt("Plan a day in Kyoto", { sessionId });
 *     for await (const text of run.text()) show(text);
 *     const ending = await run.ending;
 *
 * It keeps all rules for clients of docs/protocol.md. The connection is made with the first thing that needs it, and kept until
 * `close`; nothing that is asked meanwhile is lost when it drops.
 */
export class GatewayClient {
  readonly #engine: Engine;
  readonly #router: Router;

  /** Throws a `TypeError` for options that can never work, such as an address that is none. */
  constructor(options: GatewayOptions) {
    if (typeof options.url !== "function") gatewayUrl(options.url);
    webSocket(options.WebSocket);
    this.#engine = new Engine(options, {
      onMessage: (text) => this.#router.receive(text),
      onGone: () => this.#router?.disconnected(),
    });
    this.#router = new Router(this.#engine);
  }

  /** The session of prompts that name none. */
  get sessionId(): string {
    return this.#engine.sessionId;
  }

  /** Connects, and stays connected. */
  connect(): void {
    this.#engine.connect();
  }

  /** Disconnects until the next `connect`; unfinished runs go on then. */
  disconnect(): void {
    this.#engine.disconnect();
  }

  /** Ends this client. Its unfinished runs end here as `failed`/`closed`; at the gateway they go on. */
  close(): void {
    this.#engine.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Makes the next try to connect now. */
  retryNow(): void {
    this.#engine.connection.wake();
  }

  /**
   * Asks an agent. Prompts of one session run one after the other, in this order. Throws a `TypeError` for ids that break a rule
   * and for what JSON cannot hold; whatever else goes wrong is the run's ending.
   */
  prompt(prompt: Prompt, options?: PromptOptions): Run {
    return this.#engine.prompt(prompt, options);
  }

  /**
   * The run of a request, from its first event on; without `requestId` that which runs in the session, else the last one, or null where
   * there is none. Rejects with a `GatewayError` if the gateway refuses to say. A run that ended here as `no_answer` or `no_ending` is
   * asked for anew, as another `Run`.
   */
  resume(options?: ResumeOptions): Promise<Run | null> {
    return this.#engine.resume(options);
  }

  session(sessionId: string): Session {
    return this.#engine.sessions.get(sessionId);
  }

  /** Gives the function that takes the listener away again. */
  on<Type extends keyof GatewayEvents>(type: Type, listener: (value: GatewayEvents[Type]) => void): () => void {
    return this.#engine.emitter.on(type, listener);
  }

  /** With `getSnapshot`, the state of the connection for React's `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => this.#engine.connection.store.subscribe(listener);
  readonly getSnapshot = (): ConnectionSnapshot => this.#engine.connection.store.getSnapshot();

  /** How many milliseconds an answer takes. Rejects if there is no connection. */
  async ping(): Promise<number> {
    const from = now();
    await this.#router.pongs.ask(this.#engine.transmit({ action: "ping" }));
    return now() - from;
  }

  /** What comes back of `data`: the same. Rejects if there is no connection, or if the gateway refuses it. */
  echo(data: unknown): Promise<unknown> {
    return this.#router.echoes.ask(this.#engine.transmit({ action: "echo", data }));
  }

  /** Sends any text as it is. False if there is no connection. */
  send(text: string): boolean {
    return this.#engine.connection.send(text);
  }
}
