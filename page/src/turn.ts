import type { AgentEvent, ConnectionState, Run, RunSnapshot } from "gateway-client";
import type { AttachedFile } from "./attachments.ts";
import { type Asked, LIMITS, type StoredTurn } from "./chats.ts";
import { $ } from "./dom.ts";
import { shortened } from "./format.ts";
import { type Facts, factsOf, factsOfStored, hasEnded, repeats } from "./state.ts";
import { type TurnActions, TurnView } from "./turn-view.ts";

/** A prompt of the session that is open: what was kept of it, what the client knows, and what is shown. */
export class Turn {
  readonly requestId: string;
  readonly view: TurnView;
  label = "";
  files: AttachedFile[] = [];
  asked: Asked | null = null;
  run: Run | null = null;
  facts: Facts;
  /** Of an earlier page: its times hold, for those of a replay say nothing. */
  kept: StoredTurn | null;
  #shown: readonly AgentEvent[] = [];
  #count = 0;
  #off: () => void = () => {};

  constructor(requestId: string, kept: StoredTurn | null, actions: TurnActions) {
    this.requestId = requestId;
    this.kept = kept;
    this.view = new TurnView(requestId, actions);
    this.facts = factsOfStored(kept ?? { state: "sending", accepted: false, at: Date.now() });
    this.setLabel(kept?.label ?? "", kept?.files ?? []);
    this.asked = kept?.asked ?? null;
    if (kept && hasEnded(kept)) this.restore(kept);
  }

  get hasEnded(): boolean {
    return hasEnded(this.facts);
  }

  get canAgain(): boolean {
    const { state, retryable } = this.facts;
    return this.asked !== null && (state === "stopped" || state === "lost" || (this.hasEnded && retryable));
  }

  setLabel(label: string, files: AttachedFile[]): void {
    this.label = label;
    this.files = files;
    this.view.label(label, files);
  }

  restore(kept: StoredTurn): void {
    this.kept = kept;
    this.facts = factsOfStored(kept);
    this.#count = kept.events ?? 0;
    const cut = kept.cut
      ? [{ text: `\n\n*${kept.cut.toLocaleString("en")} more characters were too many to be kept over a reload.*` }]
      : [];
    this.view.reply.restore([...(kept.parts ?? []), ...cut], kept.others ?? 0);
  }

  follow(run: Run, changed: () => void): void {
    this.#off();
    this.run = run;
    this.#off = run.subscribe(changed);
  }

  leave(): void {
    this.#off();
  }

  /** Takes what the client knows now. True if it has ended by that. */
  update(behindOther: boolean): boolean {
    const snapshot = this.run?.getSnapshot();
    if (!snapshot) return false;
    const before = this.hasEnded;
    const stood = this.kept && hasEnded(this.kept) ? this.facts : null;
    // What ended before a reload stands there; a replay of it is only worth a look once it is whole.
    if (stood && !repeats(snapshot, stood)) return false;
    this.facts = { ...factsOf(snapshot, this.kept, behindOther), ...(stood && { endedAt: stood.endedAt, behind: stood.behind }) };
    this.#read(snapshot);
    return this.hasEnded && !before;
  }

  #read({ events, ending }: RunSnapshot): void {
    const { reply } = this.view;
    const last = this.#shown.length - 1;
    const goesOn = last < 0 ? this.#count === 0 : events[last] === this.#shown[last];
    if (!goesOn) reply.reset(); // some were void, or those of an earlier page stood there
    reply.add(goesOn ? events.slice(this.#shown.length) : events);
    this.#shown = events;
    this.#count = events.length;
    const hasFailed = ending !== null && ending.outcome !== "completed";
    reply.show({ isOver: ending !== null, hasFailed, isSmooth: $("turns").dataset.smooth === "on" });
  }

  show(connection: ConnectionState, raw: boolean): void {
    this.view.show(this.facts, this.#count, this.canAgain, connection);
    if (raw) this.view.raw.show(this.#shown, this.#count);
  }

  get events(): readonly AgentEvent[] {
    return this.#shown;
  }

  /** What a reload will want. */
  stored(): StoredTurn {
    const { state, accepted, at, startedAt, firstAt, endedAt, code, message, retryable, behind, background } = this.facts;
    const asked = this.asked && JSON.stringify(this.asked).length <= LIMITS.text ? { asked: this.asked } : {};
    const ended = this.hasEnded ? this.#storedReply() : {};
    const times = { at, startedAt, firstAt, endedAt };
    return {
      label: shortened(this.label, LIMITS.text),
      files: this.files,
      ...asked,
      state,
      accepted,
      ...times,
      code,
      message,
      retryable,
      behind,
      background,
      ...ended,
    };
  }

  #storedReply(): Partial<StoredTurn> {
    let room = LIMITS.text;
    let cut = 0;
    const parts = this.view.reply.stored().map((part) => {
      const text = "text" in part ? part.text : JSON.stringify(part.tool);
      const isWhole = text.length <= room;
      const kept = isWhole
        ? part
        : "text" in part
          ? { text: text.slice(0, room) }
          : { tool: { id: part.tool.id, name: part.tool.name } };
      cut += Math.max(0, text.length - room);
      room = Math.max(0, room - text.length);
      return kept;
    });
    return { parts, events: this.#count, others: this.view.reply.otherCount, cut };
  }
}
