import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** A TCP proxy in front of a gateway, which a test can cut or freeze: what a network does. */
export class Wire {
  target: URL;
  url = "";
  connections = 0;
  /** How many bytes of the gateway pass on a connection before it is cut. */
  patience: () => number = () => Number.POSITIVE_INFINITY;
  readonly #pairs = new Set<[Socket, Socket]>();

  constructor(target: string) {
    this.target = new URL(target);
  }

  static async to(context: TestContext, target: string): Promise<Wire> {
    const wire = new Wire(target);
    const server = createServer((near) => wire.#join(near));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    wire.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    context.after(() => {
      wire.cut();
      server.close();
    });
    return wire;
  }

  /** Resets every connection. */
  cut(): void {
    for (const pair of this.#pairs) this.#reset(pair);
  }

  /** Nothing passes any more on the connections there are, and nobody is told. */
  freeze(): void {
    for (const socket of [...this.#pairs].flat()) socket.unpipe().pause();
  }

  #join(near: Socket): void {
    this.connections += 1;
    const far = connect({ host: this.target.hostname, port: Number(this.target.port) });
    const pair: [Socket, Socket] = [near, far];
    this.#pairs.add(pair);
    let left = this.patience();
    far.on("data", ({ length }) => {
      left -= length;
      if (left < 0) this.#reset(pair);
    });
    for (const socket of pair) socket.on("error", () => this.#reset(pair)).on("close", () => this.#reset(pair));
    near.pipe(far);
    far.pipe(near);
  }

  #reset(pair: [Socket, Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) socket.resetAndDestroy();
  }
}
