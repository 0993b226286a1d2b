import type { AgentEvent } from "gateway-client";
import { button, element } from "./dom.ts";
import { plural, pretty } from "./format.ts";

const STEP = 200;

/** Events as they came, so many at a time. */
export class EventList {
  readonly box = element("div", "events");
  readonly #list = element("ol");
  readonly #more: HTMLButtonElement;
  #events: readonly AgentEvent[] = [];
  #limit = STEP;

  readonly #notKept = element("p", "not-kept muted");

  /** `fetch` asks the gateway for events that are not kept here. */
  constructor(fetch: () => void) {
    this.#more = button("", "chip", () => {
      this.#limit += STEP;
      this.show(this.#events);
    });
    this.#notKept.append("These events are not kept over a reload. ", button("Ask the gateway for them", "chip", fetch));
    this.box.append(this.#notKept, this.#list, this.#more);
  }

  /** `count` is how many there were, of which `events` are known. */
  show(events: readonly AgentEvent[], count = events.length): void {
    this.#notKept.hidden = events.length > 0 || count === 0;
    if (events[0] !== this.#events[0] || events.length < this.#list.children.length) this.#list.replaceChildren();
    this.#events = events;
    for (const event of events.slice(this.#list.children.length, this.#limit)) this.#list.append(row(event));
    const left = events.length - this.#list.children.length;
    this.#more.hidden = left <= 0;
    this.#more.textContent = `Show ${Math.min(left, STEP)} more of ${plural(left, "event")}`;
  }
}

function row({ name, data }: AgentEvent): HTMLElement {
  const item = element("li");
  if (name !== "message") item.append(element("span", "event-name", name));
  item.append(element("code", "json", pretty(data)));
  return item;
}
