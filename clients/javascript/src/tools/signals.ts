/**
 * What a framework's event says of a tool call, before it is known what was said already. A call is named by its `id`, or by a `key`
 * that stands for it while its input is streamed: the number of its block, for instance.
 */
export type Signal =
  | { type: "start"; id: string; name: string; key?: string }
  | { type: "delta"; id?: string | undefined; key?: string; text: string }
  /** All of the input's JSON text so far. */
  | { type: "grown"; id: string; name: string; text: string }
  /** The input is complete: that of one call, or of all whose key begins so. */
  | { type: "end"; id?: string | undefined; key?: string; keys?: string }
  | { type: "input"; id: string; name: string; input: unknown }
  | { type: "output"; id: string; output: unknown; failed: boolean };

/** The input that a JSON text means; the text itself if it is none, and no text is an empty input. */
export function parsed(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
