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

  constructor() {
    this.#more = button("", "chip", () => {
      this.#limit += STEP;
      this.show(this.#events);
    });
    this.box.append(this.#list, this.#more);
  }

  show(events: readonly AgentEvent[]): void {
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
