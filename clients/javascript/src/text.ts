import { type Piece, pieceOf } from "./text/pieces.ts";
import { wholesOf } from "./text/whole.ts";
import type { AgentEvent } from "./types.ts";

/**
 * Reads the reply's text out of the events of one run, whatever framework made them (clients/vectors/text.json). It remembers what
 * was shown, since frameworks say a thing twice: in two shapes at once, or piece by piece and then as a whole.
 */
export class TextReader {
  /** Which of Strands' two shapes came first. */
  #shape: "data" | "block" | undefined;
  /** What was shown piece by piece: objects of a handler's own (`own`), or something of a framework. */
  #pieces: "own" | "framework" | undefined;
  /** The whole messages that were shown. */
  readonly #wholes = new Set<string>();
  /** Messages of which something was shown. */
  readonly #messages = new Set<string>();
  /** Messages of somebody other than the assistant. */
  readonly #foreign = new Set<string>();
  #message: string | undefined;

  /** The text that this event adds to the reply: "" if none. */
  read(event: AgentEvent): string {
    if (event.name === "error") return "";
    const piece = pieceOf(event.data, event.name);
    if (!piece) return this.#readWholes(wholesOf(event.data, event.name));
    return this.#isNew(piece) ? this.#show(piece) : "";
  }

  #isNew(piece: Piece): boolean {
    if (piece.kind === "message") return this.#isNewMessage(piece);
    if (!piece.text) return false;
    if (piece.kind === "own") return this.#pieces !== "framework";
    if (piece.kind === "other") return true;
    this.#shape ??= piece.kind;
    return this.#shape === piece.kind;
  }

  /** A piece may leave out which message it belongs to, and then it is that of the one before. */
  #isNewMessage({ id = this.#message, role, whole, text }: Piece): boolean {
    if (id === undefined) return text !== "";
    this.#message = id;
    if (role !== undefined && role !== "assistant") this.#foreign.add(id);
    if (!text || this.#foreign.has(id) || (whole && this.#messages.has(id))) return false;
    this.#messages.add(id);
    return true;
  }

  #show({ kind, text }: Piece): string {
    this.#pieces = kind === "own" ? "own" : "framework";
    return text;
  }

  /** Whole messages say again what was streamed; where nothing was, each is shown once and stands apart. */
  #readWholes(texts: string[]): string {
    if (this.#pieces) return "";
    let added = "";
    for (const text of texts) {
      const key = text.trim();
      if (!key || this.#wholes.has(key)) continue;
      added += this.#wholes.size ? `\n\n${text}` : text;
      this.#wholes.add(key);
    }
    return added;
  }
}

/** The reply's text in all events of a run. */
export function textOf(events: Iterable<AgentEvent>): string {
  const reader = new TextReader();
  let text = "";
  for (const event of events) text += reader.read(event);
  return text;
}
