import { Answers } from "./answers.ts";
import { type Engine, parsed } from "./engine.ts";
import type { Follower } from "./follower.ts";
import type { RunFrame, ServerFrame } from "./protocol.ts";
import type { GatewaySession } from "./session.ts";
import type { Run } from "./types.ts";

type Of<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;
interface Ids {
  sessionId: string;
  requestId: string;
}

const FORGOTTEN = { code: "replay_expired", message: "The gateway no longer knows this request." };

/** Reads what the gateway says, and gives it to whom it is for. */
export class Router {
  readonly #engine: Engine;
  readonly pongs = new Answers<void>();
  readonly echoes = new Answers<unknown>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  receive(text: string): void {
    const frame = parsed(text);
    this.#engine.received(text, frame);
    if (typeof frame !== "object" || frame === null || Array.isArray(frame)) return;
    if (!("type" in frame)) return this.#engine.outbox.gatewayError();
    this.#route(frame as ServerFrame);
  }

  disconnected(): void {
    this.pongs.disconnected();
    this.echoes.disconnected();
  }

  #route(frame: ServerFrame): void {
    switch (frame.type) {
      case "accepted":
        return this.#accepted(frame);
      case "rejected":
        return this.#rejected(frame);
      case "resumed":
        return this.#resumed(frame);
      case "stopping":
        return this.#known(frame)?.run.note({ stopping: "recorded" });
      case "upload":
        return this.#engine.outbox.offered(frame);
      case "pong":
        return this.pongs.came();
      case "echo":
        return this.echoes.came(frame.data);
      case "progress":
      case "started":
      case "output":
      case "completed":
      case "failed":
      case "stopped":
        return this.#ofRun(frame);
    } // whatever a later gateway may add
  }

  #accepted(frame: Of<"accepted">): void {
    const follower = this.#known(frame);
    if (!follower) return;
    const delivery = this.#engine.outbox.find(follower.run);
    follower.run.accepted();
    follower.accepted(Boolean(delivery?.mayBeKnown));
    this.#engine.outbox.remove(follower.run);
    // Sent again it attaches nothing, and may run, or have ended, since the first time.
    if (delivery && delivery.sends > 1 && !follower.run.hasEnded) this.#engine.asker.run(follower);
  }

  #ofRun(frame: RunFrame): void {
    const follower = this.#known(frame);
    if (!follower) return;
    const { run } = follower;
    this.#engine.outbox.remove(run);
    const before = run.order.after;
    run.take(frame);
    follower.heard(run.order.after !== before);
    this.#engine.asker.moved(follower);
    if (frame.type === "failed" && frame.code === "busy") this.#busy(frame);
    if (!run.hasEnded && run.order.hasGap) this.#gap(follower);
  }

  /** What is missing is asked for, unless the answer to an earlier question is on its way: then the clock asks again. */
  #gap(follower: Follower): void {
    if (follower.due() === "resume") this.#engine.asker.run(follower);
  }

  /** A prompt waits for its turn, unless what runs goes on after its call. No frame of that run says so, but this does. */
  #busy({ sessionId }: Ids): void {
    const other = this.#engine.registry.active.find(({ run }) => run.sessionId === sessionId && run.facts.state === "running");
    other?.run.note({ background: true });
  }

  #resumed(frame: Of<"resumed">): void {
    const { requestId, sessionId } = frame;
    const session = this.#engine.sessions.find(sessionId);
    if (!session) return;
    if (requestId === null) this.#answer(session, null);
    else this.#resumedRun(session, { ...frame, requestId });
    this.#engine.hold(session);
  }

  #resumedRun(session: GatewaySession, frame: Of<"resumed"> & Ids): void {
    const ids = { sessionId: frame.sessionId, requestId: frame.requestId };
    const isNew = session.ask.isOpen && !session.find(ids.requestId);
    const follower = this.#engine.registry.find(ids) ?? (isNew ? this.#engine.adopt({ ...ids, prompt: null }) : undefined);
    if (!follower?.isAsking && session.ask.isOpen) {
      if (follower) this.#engine.asker.turnedOut(session, follower);
      this.#answer(session, follower?.run ?? session.find(ids.requestId) ?? null);
    }
    if (follower) this.#follow(follower, frame);
  }

  #answer(session: GatewaySession, run: Run | null): void {
    session.ask.resumed(run);
    this.#engine.asker.over(session);
  }

  #follow(follower: Follower, frame: Of<"resumed">): void {
    follower.run.resumedAs(frame.state, follower.delivery?.mayBeKnown ?? true);
    const step = follower.resumed(frame);
    if (frame.state === "running" || frame.state === "queued") this.#engine.asker.over(follower);
    this.#engine.follow(follower, step, FORGOTTEN);
  }

  #rejected(frame: Of<"rejected">): void {
    if (this.#engine.outbox.rejected(frame)) return;
    const { code, message } = frame;
    const follower = this.#engine.registry.active.find(({ run }) => run.requestId === frame.requestId);
    if (!follower) return this.#rejectedOther(frame);
    if (code === "not_found" && follower.run.facts.stopping === "asked") {
      follower.run.note({ stopping: null }); // it has ended already, and how is what resume tells
      return this.#engine.asker.run(follower);
    }
    if (code === "not_found" || code === "replay_expired")
      return follower.run.end({ outcome: "failed", code, message, retryable: false });
    if (follower.isAsking) {
      follower.refused();
      this.#engine.asker.over(follower);
    } else if (follower.run.facts.stopping !== "asked") this.#engine.emitter.emit("rejected", frame); // a stop is sent again
  }

  /** What names no request is of a question for a session or, if there is none, of an echo. */
  #rejectedOther(frame: Of<"rejected">): void {
    const isNameless = frame.requestId === undefined;
    const session = isNameless && this.#engine.sessions.busy.find(({ ask }) => ask.isAsked);
    if (session) return this.#rejectedAsk(session, frame);
    if (isNameless && this.echoes.refused(frame)) return;
    this.#engine.emitter.emit("rejected", frame);
  }

  #rejectedAsk(session: GatewaySession, frame: Of<"rejected">): void {
    session.ask.rejected(frame);
    this.#engine.asker.over(session);
    this.#engine.hold(session);
  }

  /** What is known of a run; one of another device is new here, if anybody wants to hear of it. */
  #known({ sessionId, requestId }: Ids): Follower | undefined {
    const ids = { sessionId, requestId };
    const known = this.#engine.registry.find(ids);
    if (known || this.#engine.registry.hasEnded(ids)) return known;
    const isWanted = this.#engine.emitter.count("run") > 0 || this.#engine.sessions.find(sessionId)?.isFollowed;
    return isWanted ? this.#engine.adopt({ ...ids, prompt: null }) : undefined;
  }
}
