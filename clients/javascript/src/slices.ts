import type { NumberedFrame } from "./protocol.ts";
import type { AgentEvent } from "./types.ts";

type Output = Extract<NumberedFrame, { type: "output" }>;

/** Makes events of output frames; an event that does not fit a frame comes in slices. */
export class Slices {
  #text = "";

  /** The events that this frame completes. Frames come in order. */
  read(frame: Output): AgentEvent[] {
    if ("part" in frame) return this.#slice(frame);
    const { events, names = {}, seq } = frame;
    if (!Array.isArray(events)) return [];
    return events.map((data, at) => ({ name: names[at] ?? "message", data, seq }));
  }

  #slice({ part, text, name = "message", seq }: Extract<Output, { text: string }>): AgentEvent[] {
    this.#text = (part.index ? this.#text : "") + text;
    if (!part.last) return [];
    const data = parsed(this.#text);
    this.#text = "";
    return [{ name, data, seq }];
  }
}

/** The slices of a run that is whole are JSON; of another gateway's mistake the text is better than nothing. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
