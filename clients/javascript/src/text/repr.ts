const BEGINS = /^\s*(?:[{([]['"{([A-Za-z<]|<[A-Za-z_]|[A-Z]\w*\()/;
const DUMPED = / object at 0x[0-9a-f]+|\b(?:AI|Human|Tool|System)Message(?:Chunk)?\(content=/;

/** What stands inside a dumped object's `<…>`, and nothing after it. */
const ONE_OBJECT = /^\s*<[^<>]* object [^<>]*at 0x[0-9a-f]+>\s*$/;

/**
 * Whether a string is what Python prints for objects that have no JSON: the AgentCore SDK sends such strings for what a handler
 * yields and cannot be turned into JSON. Cautious: a sentence about such an object is text.
 */
export function isRepr(text: string): boolean {
  if (ONE_OBJECT.test(text)) return true;
  return BEGINS.test(text) && !text.trimStart().startsWith("<") && DUMPED.test(text) && /[)}\]]\s*$/.test(text);
}
