import type { Follower } from "./follower.ts";
import { Replays } from "./replays.ts";
import type { GatewaySession } from "./session.ts";
import type { Times } from "./types.ts";

/** Asks the gateway for what is missing, and for stops. */
export class Asker {
  readonly #transmit: (message: object) => boolean;
  readonly #replays: Replays;

  /** `transmit` is false if there is no connection. */
  constructor(transmit: (message: object) => boolean, times: Times) {
    this.#transmit = transmit;
    this.#replays = new Replays(times);
  }

  /** Asks for what is missing of a run. */
  run(follower: Follower): void {
    const { sessionId, requestId, order } = follower.run;
    this.#replays.want(follower, () => {
      const isSent = this.#transmit({ action: "resume", sessionId, requestId, after: order.after });
      if (isSent) follower.asked();
      return isSent;
    });
  }

  /** Asks what runs in a session, if that is due. */
  session(session: GatewaySession): void {
    const { ask, sessionId } = session;
    if (!ask.isDue) return;
    this.#replays.want(session, () => {
      const isSent = this.#transmit({ action: "resume", sessionId, after: session.lastSeq });
      if (isSent) ask.sent();
      return isSent;
    });
  }

  stop(follower: Follower): void {
    const { sessionId, requestId } = follower.run;
    if (this.#transmit({ action: "stop", sessionId, requestId })) follower.stopAsked();
  }

  /** A frame of a run came. */
  moved(follower: Follower): void {
    this.#replays.moved(follower);
  }

  /** What was asked of a session turned out to be this run. */
  turnedOut(session: GatewaySession, follower: Follower): void {
    this.#replays.turnedOut(session, follower);
  }

  /** Nothing more of it is replayed, or wanted. */
  over(what: Follower | GatewaySession): void {
    this.#replays.over(what);
  }

  disconnected(): void {
    this.#replays.disconnected();
  }

  pump(): void {
    this.#replays.pump();
  }
}
