import { Socket } from "./socket.ts";
import { Store } from "./store.ts";
import { backoff, now } from "./times.ts";
import type { ConnectionProblem, ConnectionSnapshot, ConnectionState, GatewayOptions, Times } from "./types.ts";

export interface ConnectionHandlers {
  /** A connection stands: what is missing is asked for, and what waits is sent. */
  onOpen: () => void;
  onMessage: (text: string) => void;
  onSent: (text: string) => void;
  /** The connection is gone, or replaced by the next: nobody answers any more what was sent. */
  onGone: () => void;
}

/** Keeps a connection to the gateway: makes it anew when it is lost, and replaces it before it is too old. */
export class Connection {
  readonly store = new Store<ConnectionSnapshot>(() => this.#snapshot());
  readonly #options: GatewayOptions;
  readonly #times: Times;
  readonly #random: () => number;
  readonly #handlers: ConnectionHandlers;
  #state: ConnectionState = "closed";
  #socket: Socket | null = null;
  /** The one that is to replace it. */
  #next: Socket | null = null;
  #attempt = 0;
  #problem: ConnectionProblem | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retryAt: number | null = null;
  #renewAt = 0;
  #pingAt = 0;

  constructor(options: GatewayOptions, times: Times, random: () => number, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#times = times;
    this.#random = random;
    this.#handlers = handlers;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Connects, and stays connected until `close`. */
  open(): void {
    if (this.#state === "closed") this.#connect();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#retryAt = null;
    this.#drop();
    this.#attempt = 0;
    this.#problem = null;
    if (this.#state !== "closed") this.#become("closed");
  }

  /** There is reason to hope: the next try is made at once; of a connection that seems to stand it is asked whether it does. */
  wake(): void {
    if (this.#state === "waiting") this.#connect();
    else if (this.isOpen) this.ping();
  }

  ping(): void {
    this.#pingAt = now();
    this.send('{"action":"ping"}');
  }

  /** False if there is no connection. */
  send(text: string): boolean {
    if (!this.isOpen || !this.#socket) return false;
    this.#socket.send(text);
    this.#handlers.onSent(text);
    return true;
  }

  /** What is due by the clock. */
  tick(): void {
    if (!this.isOpen) return;
    if (now() - this.#pingAt >= this.#times.ping) this.ping();
    if (!this.#next && now() >= this.#renewAt) this.#renew();
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#retryAt = null;
    this.#socket = new Socket(this.#options, this.#times, {
      onOpen: () => this.#opened(),
      onMessage: (text) => this.#received(text),
      onLost: (code, reason) => this.#lost(code, reason),
    });
    this.#become("connecting");
  }

  #opened(): void {
    this.#pingAt = now();
    this.#renewAt = now() + this.#times.renew * (1 - this.#random() / 10);
    this.#become("open");
    this.#handlers.onOpen();
  }

  #received(text: string): void {
    // Only now: a connection that opens and drops at once must not be tried again at full speed.
    if (this.#attempt || this.#problem) {
      this.#attempt = 0;
      this.#problem = null;
      this.store.changed();
    }
    this.#handlers.onMessage(text);
  }

  #lost(code: number, reason: string): void {
    const opened = this.isOpen;
    this.#drop();
    const delay = backoff(this.#attempt, this.#times, this.#random);
    this.#attempt += 1;
    this.#problem = { opened, code, reason };
    this.#retryAt = Date.now() + delay;
    this.#retry = setTimeout(() => this.#connect(), delay);
    this.#become("waiting");
  }

  /** Makes the next connection while this one still delivers; what comes twice around the change is dropped. */
  #renew(): void {
    this.#renewAt = now() + this.#times.ask * 12;
    this.#next = new Socket(this.#options, this.#times, {
      onOpen: (next) => {
        this.#drop(next);
        this.#socket = next;
        this.#opened();
      },
      onMessage: (text) => this.#received(text),
      onLost: (code, reason, next) => {
        if (this.#socket === next) this.#lost(code, reason);
        else this.#next = null; // the old one goes on
      },
    });
  }

  #drop(kept: Socket | null = null): void {
    for (const socket of [this.#socket, this.#next]) if (socket !== kept) socket?.close();
    this.#socket = this.#next = null;
    this.#handlers.onGone();
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.store.changed();
  }

  #snapshot(): ConnectionSnapshot {
    return { state: this.#state, attempt: this.#attempt, nextTryAt: this.#retryAt, problem: this.#problem };
  }
}
