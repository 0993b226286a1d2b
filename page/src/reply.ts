import { type AgentEvent, Smoother, TextReader, ToolReader } from "gateway-client";
import { element } from "./dom.ts";
import { EventList } from "./event-list.ts";
import { plural } from "./format.ts";
import { GrowingText } from "./growing-text.ts";
import { type ToolCall, ToolCard } from "./tool-card.ts";

export type StoredPart = { text: string } | { tool: ToolCall };

/** What is shown of a run's events: its text, its tool calls, and how many others there were. */
export class Reply {
  readonly box = element("div", "reply");
  /** Stands after it. */
  readonly others = element("details", "others");
  readonly #summary = element("summary");
  readonly #list: EventList;
  #parts: (GrowingText | ToolCard)[] = [];
  readonly #tools = new Map<string, ToolCard>();
  #changed = new Set<GrowingText | ToolCard>();
  #text = new TextReader();
  /** Words that came with others in a frame, and are shown over the time to the next. */
  #waiting = new Smoother();
  #unplanned = "";
  /** Line ends behind a card: they belong to the text that follows, and are nothing if another card does. */
  #blank = "";
  #calls = new ToolReader();
  #other: AgentEvent[] = [];
  #otherCount = 0;

  constructor(fetch: () => void) {
    this.#list = new EventList(fetch);
    this.others.append(this.#summary, this.#list.box);
    this.others.addEventListener("toggle", () => this.#showOthers());
    this.reset();
  }

  get otherCount(): number {
    return this.#otherCount;
  }

  get text(): string {
    return this.#parts.map((part) => (part instanceof GrowingText ? part.text : "")).join("");
  }

  reset(): void {
    this.#parts = [];
    this.#tools.clear();
    this.#changed.clear();
    this.#blank = "";
    this.#text = new TextReader();
    this.#waiting = new Smoother();
    this.#calls = new ToolReader();
    this.#other = [];
    this.#otherCount = 0;
    this.box.replaceChildren();
    this.#showOthers();
  }

  /** In how many milliseconds `show` is to be called again for a word that waits; null if none does. */
  get dueIn(): number | null {
    return this.#waiting.dueIn(performance.now());
  }

  /** Reads more events; `show` brings them to the screen. */
  add(events: readonly AgentEvent[]): void {
    for (const event of events) this.#read(event);
    if (this.#unplanned) this.#waiting.push(this.#unplanned, performance.now());
    this.#unplanned = "";
  }

  show({ isOver = false, hasFailed = false, isSmooth = false } = {}): void {
    this.#append(isOver || !isSmooth ? this.#waiting.takeAll() : this.#waiting.take(performance.now()));
    if (isOver && !hasFailed) for (const change of this.#calls.end()) this.#tools.get(change.id)?.take(change);
    if (isOver) for (const card of this.#tools.values()) card.end();
    for (const part of isOver ? this.#parts : this.#changed) part.show(isOver);
    this.#changed.clear();
    // An answer without any text, such as a JSON reply: then the events are what there is to read.
    if (isOver && !this.#parts.length && this.#other.length) this.others.open = true;
    this.#showOthers();
  }

  /** All that has come, the words that wait too. */
  stored(): StoredPart[] {
    const parts = this.#parts.map((part) => (part instanceof GrowingText ? { text: part.text } : { tool: part.call }));
    const waiting = this.#blank + this.#waiting.waiting;
    if (!waiting.trim()) return parts;
    const last = parts.at(-1);
    if (last && "text" in last) last.text += waiting;
    else parts.push({ text: waiting });
    return parts;
  }

  restore(parts: readonly StoredPart[], others: number): void {
    this.reset();
    for (const part of parts) {
      if ("text" in part) this.#append(part.text);
      else this.#put(new ToolCard(part.tool));
    }
    this.#otherCount = others;
    for (const part of this.#parts) if (part instanceof ToolCard) part.end();
    for (const part of this.#parts) part.show(true);
    this.#changed.clear();
    this.#showOthers();
  }

  #read(event: AgentEvent): void {
    const text = this.#text.read(event);
    const changes = this.#calls.read(event);
    this.#unplanned += text;
    if (changes.length) this.#showWaiting();
    for (const change of changes) {
      if ("start" in change) this.#tools.set(change.id, this.#put(new ToolCard({ id: change.id, name: change.start.name })));
      const card = this.#tools.get(change.id);
      card?.take(change);
      if (card) this.#changed.add(card);
    }
    if (text || changes.length) return;
    this.#other.push(event);
    this.#otherCount += 1;
  }

  /** A call of a tool waits for no word, and no word before it comes after it. */
  #showWaiting(): void {
    this.#append(this.#waiting.takeAll() + this.#unplanned);
    this.#unplanned = "";
  }

  #append(text: string): void {
    if (!text) return;
    const last = this.#parts.at(-1);
    const whole = this.#blank + text;
    this.#blank = last instanceof ToolCard && !whole.trim() ? whole : "";
    if (this.#blank) return;
    const part = last instanceof GrowingText ? last : this.#put(new GrowingText());
    part.append(whole);
    this.#changed.add(part);
  }

  #put<Part extends GrowingText | ToolCard>(part: Part): Part {
    const before = this.#parts.at(-1);
    if (before instanceof GrowingText) before.show(true);
    this.#blank = "";
    this.#parts.push(part);
    this.box.append(part.box);
    return part;
  }

  #showOthers(): void {
    this.others.hidden = this.#otherCount === 0;
    this.#summary.textContent = plural(this.#otherCount, this.#parts.length ? "other event" : "event");
    if (this.others.open) this.#list.show(this.#other, this.#otherCount);
  }
}
