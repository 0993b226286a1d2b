import { GatewaySession, type SessionHost } from "./session.ts";

/**
 * The sessions that somebody holds, or that something still happens in. The others are forgotten with what they hold: a service has
 * a session per user, and would hold them all.
 */
export class Sessions {
  readonly #host: SessionHost;
  readonly #known = new Map<string, WeakRef<GatewaySession>>();
  readonly #busy = new Set<GatewaySession>();
  readonly #gone = new FinalizationRegistry<string>((sessionId) => {
    if (!this.#known.get(sessionId)?.deref()) this.#known.delete(sessionId);
  });

  constructor(host: SessionHost) {
    this.#host = host;
  }

  get(sessionId: string): GatewaySession {
    const known = this.find(sessionId);
    if (known) return known;
    const session = new GatewaySession(sessionId, this.#host);
    this.#known.set(sessionId, new WeakRef(session));
    this.#gone.register(session, sessionId);
    return session;
  }

  find(sessionId: string): GatewaySession | undefined {
    return this.#known.get(sessionId)?.deref();
  }

  /** Those that something happens in. */
  get busy(): readonly GatewaySession[] {
    return [...this.#busy];
  }

  /** Holds it as long as it is busy. */
  hold(session: GatewaySession, isBusy: boolean): void {
    if (isBusy) this.#busy.add(session);
    else this.#busy.delete(session);
  }
}
