import createDOMPurify from "dompurify";
import { Marked, type Token, type Tokens } from "marked";
import { button, copy, element } from "./dom.ts";

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Where a link may lead: not to a script, and not to another page of the address this one came from. */
const isSafe = (href: string): boolean => /^(https?:|mailto:)/i.test(href);
/** Only pictures that are in the reply itself: one from elsewhere would tell its server who reads. */
const isPicture = (href: string): boolean => /^data:image\/(png|jpeg|gif|webp|avif);base64,/i.test(href);

const marked = new Marked({
  gfm: true,
  breaks: true, // agents mean the ends of their lines
  renderer: {
    html: ({ text, block }: Tokens.HTML | Tokens.Tag) => (block ? `<p>${escaped(text)}</p>` : escaped(text)), // shown as it came
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    // Under the headings of the page.
    heading({ tokens, depth }) {
      const tag = `h${Math.min(6, depth + 3)}`;
      return `<${tag}>${this.parser.parseInline(tokens)}</${tag}>\n`;
    },
    image({ href, text }) {
      const words = escaped(text || href);
      if (isPicture(href)) return `<img src="${escaped(href)}" alt="${words}">`;
      return isSafe(href) ? `<a href="${escaped(href)}">${words}</a>` : words;
    },
  },
});

const purify = createDOMPurify(window);
const PURE = {
  ALLOWED_TAGS: "a b blockquote br code del em h4 h5 h6 hr i img li ol p pre strong table tbody td th thead tr ul".split(" "),
  ALLOWED_ATTR: ["href", "src", "alt", "title", "align", "start", "class"],
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
} as const;

export const blocksOf = (text: string): Token[] => marked.lexer(text);

/** The nodes that blocks of Markdown mean; nothing in them can run, and nothing in them is fetched. */
export function rendered(blocks: Token[]): DocumentFragment {
  const fragment = purify.sanitize(marked.parser(blocks), {
    ...PURE,
    ALLOWED_TAGS: [...PURE.ALLOWED_TAGS],
    ALLOWED_ATTR: [...PURE.ALLOWED_ATTR],
  });
  for (const link of fragment.querySelectorAll("a")) guardLink(link);
  for (const picture of fragment.querySelectorAll("img")) if (!isPicture(picture.src)) picture.remove();
  for (const code of fragment.querySelectorAll("pre")) code.replaceWith(codeBlock(code));
  for (const table of fragment.querySelectorAll("table")) table.replaceWith(scrollable(table, "table", "Table"));
  return fragment;
}

function guardLink(link: HTMLAnchorElement): void {
  if (!isSafe(link.getAttribute("href") ?? "")) return link.replaceWith(...link.childNodes);
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

/** What is too wide is scrolled by itself, with the keyboard too. */
function scrollable(inner: HTMLElement, className: string, label: string): HTMLElement {
  const box = element("div", className);
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", label);
  box.append(inner.cloneNode(true));
  return box;
}

function codeBlock(pre: HTMLElement): HTMLElement {
  const text = pre.textContent ?? "";
  const language = /language-([\w+#.-]+)/.exec(pre.firstElementChild?.className ?? "")?.[1] ?? "";
  const box = element("div", "code");
  const bar = box.appendChild(element("div", "code-bar"));
  bar.append(
    element("span", "grow", language),
    button("Copy code", "quiet", (from) => void copy(text.replace(/\n$/, ""), from)),
  );
  box.append(scrollable(pre, "code-text", language ? `Code, ${language}` : "Code"));
  return box;
}
