import { element } from "./dom.ts";
import { blocksOf, rendered } from "./markdown.ts";

/**
 * Markdown that grows at its end. A block that another one follows does not change any more: only what stands after it is read
 * again, so a long reply costs no more than a short one.
 */
export class GrowingText {
  readonly box = element("div", "block");
  readonly #tail = element("div", "tail");
  #open = "";
  text = "";

  constructor() {
    this.box.append(this.#tail);
  }

  append(text: string): void {
    this.text += text;
    this.#open += text;
  }

  /** Shows what has come. */
  show(isWhole = false): void {
    const blocks = blocksOf(this.#open);
    const settled = isWhole ? blocks.length : lastBlock(blocks);
    if (settled > 0) {
      const done = blocks.splice(0, settled);
      this.#tail.before(rendered(done));
      this.#open = this.#open.slice(done.reduce((sum, { raw }) => sum + raw.length, 0));
    }
    this.#tail.replaceChildren(rendered(blocks));
  }
}

/** Where the block begins that may still grow; spaces after it belong to it. */
function lastBlock(blocks: { type: string }[]): number {
  let at = blocks.length - 1;
  while (at > 0 && blocks[at]?.type === "space") at -= 1;
  return at;
}
