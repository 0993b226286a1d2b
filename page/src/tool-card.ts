import type { ToolChange } from "gateway-client";
import { element } from "./dom.ts";
import { pretty } from "./format.ts";

/** One tool call, as it is kept. */
export interface ToolCall {
  id: string;
  name: string;
  input?: unknown;
  output?: unknown;
  failed?: boolean;
}

/** A call of a tool: its name and how it stands; its input and output a click away. */
export class ToolCard {
  readonly box = element("details", "tool");
  readonly call: ToolCall;
  readonly #state = element("span", "tool-state");
  readonly #body = element("div", "tool-body");
  #typed = "";
  #isOver = false;

  constructor(call: ToolCall) {
    this.call = call;
    const summary = this.box.appendChild(element("summary"));
    summary.append(element("span", "tool-name", call.name || "tool"), this.#state);
    this.box.append(this.#body);
    this.box.addEventListener("toggle", () => this.show());
    this.show();
  }

  take(change: ToolChange): void {
    if ("delta" in change) this.#typed += change.delta;
    if ("input" in change) this.call.input = change.input;
    if (!("output" in change)) return;
    this.call.output = change.output;
    if (change.failed) this.call.failed = true;
  }

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true;
    this.show();
  }

  show(): void {
    const hasOutput = this.call.output !== undefined;
    const state = this.call.failed ? "failed" : hasOutput ? "done" : this.#isOver ? "called" : "working";
    this.box.dataset.state = state;
    this.#state.textContent = { failed: "failed", done: "done", called: "no result seen", working: "working…" }[state];
    if (!this.box.open) return; // made when it is looked at
    const input = this.call.input === undefined ? this.#typed : textOf(this.call.input);
    this.#body.replaceChildren(...part("Input", input), ...(hasOutput ? part("Output", textOf(this.call.output)) : []));
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : pretty(value));

function part(title: string, text: string): HTMLElement[] {
  const box = element("pre", "", text || "(nothing)");
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", title);
  return [element("p", "tool-title", title), box];
}
