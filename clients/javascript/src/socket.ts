import { gatewayUrl, tokenProtocols } from "./address.ts";
import { Liveness } from "./liveness.ts";
import type { GatewayOptions, Source, Times, WebSocketConstructor, WebSocketLike } from "./types.ts";

export interface SocketHandlers {
  onOpen: (socket: Socket) => void;
  onMessage: (text: string, socket: Socket) => void;
  /** Once, for whatever reason; not after `close`. */
  onLost: (code: number, reason: string, socket: Socket) => void;
}

/** How long the other side has to answer a close. */
const GRACE = 1_000;

/** One WebSocket, from the question for its address to its end. */
export class Socket {
  readonly #handlers: SocketHandlers;
  readonly #liveness: Liveness;
  #socket: WebSocketLike | null = null;
  #timer: ReturnType<typeof setTimeout>;
  #isOver = false;

  constructor(options: GatewayOptions, times: Times, handlers: SocketHandlers) {
    this.#handlers = handlers;
    this.#liveness = new Liveness(
      times,
      () => this.send('{"action":"ping"}'),
      () => this.#lose(1006, "no answer"),
    );
    this.#timer = setTimeout(() => this.#lose(1006, "no connection in time"), times.connect);
    void this.#open(options);
  }

  send(text: string): void {
    this.#liveness.asked();
    this.#socket?.send(text);
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#liveness.heard();
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = () => {}; // the package `ws` throws what nobody listens for
    socket.close();
    terminateSoon(socket);
  }

  async #open({ url, token, WebSocket }: GatewayOptions): Promise<void> {
    try {
      const [address, protocols] = await Promise.all([asked(url).then(gatewayUrl), asked(token).then(tokenProtocols)]);
      if (!this.#isOver) this.#connect(new (webSocket(WebSocket))(address.href, protocols));
    } catch (error) {
      this.#lose(1006, error instanceof Error ? error.message : String(error));
    }
  }

  #connect(socket: WebSocketLike): void {
    this.#socket = socket;
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#handlers.onOpen(this);
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      this.#liveness.heard();
      this.#handlers.onMessage(String(data), this);
    };
    socket.onerror = () => {}; // `onclose` follows
    socket.onclose = ({ code, reason }: { code: number; reason: unknown }) => this.#lose(code, String(reason));
  }

  #lose(code: number, reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#handlers.onLost(code, reason, this);
  }
}

/** The package `ws` waits 30 s for a dead peer to close, and a program does not end meanwhile. */
function terminateSoon(socket: WebSocketLike): void {
  if (!socket.terminate) return;
  const timer: unknown = setTimeout(() => socket.terminate?.(), GRACE);
  (timer as { unref?: () => void }).unref?.(); // where timers are numbers there is none
}

async function asked<T>(source: Source<T> | undefined): Promise<T> {
  return typeof source === "function" ? await (source as () => T | Promise<T>)() : (source as T);
}

/** Throws where there is none. */
export function webSocket(given: WebSocketConstructor | undefined): WebSocketConstructor {
  const found = given ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
  if (!found) throw new TypeError("This platform has no WebSocket. Give one as the option WebSocket: that of the package ws.");
  return found;
}
