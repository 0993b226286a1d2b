/** Cuts a text into words, each with the spaces after it; in Chinese, Japanese or Thai too, where the platform can. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const part of parts(text)) {
    const last = words.length - 1;
    if (last >= 0 && !/[\p{L}\p{N}]/u.test(part)) words[last] += part;
    else words.push(part);
  }
  return words;
}

const segmenter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter(undefined, { granularity: "word" }) : undefined;

function parts(text: string): Iterable<string> {
  if (!segmenter) return text.match(/\s*\S+\s*|\s+/gu) ?? [];
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
