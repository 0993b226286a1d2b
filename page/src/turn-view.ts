import type { ConnectionState } from "gateway-client";
import { type AttachedFile, fileList } from "./attachments.ts";
import { announce, button, copy, element } from "./dom.ts";
import { EventList } from "./event-list.ts";
import { plural, span } from "./format.ts";
import { Reply } from "./reply.ts";
import { backgroundLine, badge, type Facts, hasEnded, isInBackground, reason } from "./state.ts";

export interface TurnActions {
  stop: () => void;
  again: () => void;
  copyAs: (from: HTMLElement) => void;
  /** Asks for events that are not kept. */
  fetch: () => void;
}

/** One prompt and its reply, as the page shows them. */
export class TurnView {
  readonly article = element("article", "turn");
  readonly reply: Reply;
  readonly raw: EventList;
  readonly #ask = element("div", "ask");
  readonly #background = element("p", "background");
  readonly #reason = element("p", "reason");
  readonly #badge = element("span", "badge");
  readonly #first = element("span", "first");
  readonly #total = element("span", "total");
  readonly #count = element("span", "count");
  readonly #stop: HTMLButtonElement;
  readonly #again: HTMLButtonElement;
  readonly #copy: HTMLButtonElement;

  constructor(requestId: string, actions: TurnActions) {
    this.reply = new Reply(actions.fetch);
    this.raw = new EventList(actions.fetch);
    this.article.dataset.requestId = requestId;
    this.#stop = button("Stop", "quiet stop", actions.stop);
    this.#again = button("Send again", "quiet again", actions.again);
    this.#copy = button("Copy", "quiet", (from) => void copy(this.reply.text, from));
    const code = button("As code", "quiet copy-as", actions.copyAs);
    this.#stop.hidden = this.#again.hidden = this.#copy.hidden = this.#background.hidden = true;
    this.raw.box.classList.add("raw-events");
    const id = element("span", "id mono", requestId);
    id.title = `Request id ${requestId}`;
    const meta = element("div", "meta");
    const ends = element("span", "actions");
    ends.append(this.#stop, this.#again, this.#copy, code);
    meta.append(this.#badge, this.#first, this.#total, this.#count, id, ends);
    const title = element("h3", "visually-hidden", "Prompt");
    const answer = element("h3", "visually-hidden", "Reply");
    this.article.append(
      title,
      this.#ask,
      answer,
      this.reply.box,
      this.reply.others,
      this.raw.box,
      this.#background,
      this.#reason,
      meta,
    );
  }

  label(label: string, files: AttachedFile[]): void {
    const isKnown = Boolean(label) || files.length > 0;
    this.#ask.textContent = isKnown ? label : "Asked in another tab or on another device";
    this.#ask.classList.toggle("unknown", !isKnown);
    if (label.length > 2_000) this.#ask.tabIndex = 0; // it scrolls
    if (files.length) this.#ask.append(fileList(files));
  }

  show(facts: Facts, events: number, canAgain: boolean, connection: ConnectionState): void {
    const ended = hasEnded(facts);
    this.article.dataset.state = facts.state;
    this.article.toggleAttribute("data-behind", facts.behind);
    this.#reason.textContent = reason(facts);
    this.#stop.hidden = ended;
    this.#stop.disabled = facts.stopping;
    this.#again.hidden = !canAgain;
    this.#copy.hidden = !ended || !this.reply.text;
    this.#count.textContent = events ? plural(events, "event") : "";
    this.times(facts, connection);
  }

  /** What moves with the clock. */
  times(facts: Facts, connection: ConnectionState): void {
    const { at, firstAt, endedAt } = facts;
    put(this.#badge, badge(facts, connection));
    put(this.#first, firstAt ? `first event ${span(firstAt - at)}` : "");
    put(this.#total, endedAt ? `total ${span(endedAt - at)}` : hasEnded(facts) ? "" : span(Date.now() - at));
    // The time in it moves, so it is said once, when it appears, and not with each second.
    const line = isInBackground(facts) ? backgroundLine(facts, connection) : "";
    if (line && this.#background.hidden) announce(line);
    put(this.#background, line);
    this.#background.hidden = !line;
  }
}

function put(box: HTMLElement, text: string): void {
  if (box.textContent !== text) box.textContent = text;
}
