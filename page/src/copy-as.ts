import { gatewayUrl } from "gateway-client";
import { $, button, copy, element, field } from "./dom.ts";
import { snippets } from "./snippets.ts";

/** Shows the message as code, in three languages, each with a button to copy it. */
export function copyMenu(from: HTMLElement, message: () => unknown): void {
  const dialog = $<HTMLDialogElement>("code");
  const given = snippets(address(), field("token").value.trim() !== "", message());
  const parts = Object.entries(given).flatMap(([name, text]) => part(name, text));
  $("code-parts").replaceChildren(...parts);
  dialog.addEventListener("close", () => from.focus(), { once: true });
  dialog.showModal();
}

/** Without a token in it. */
function address(): string {
  try {
    const url = gatewayUrl(field("url").value);
    url.searchParams.delete("token");
    return url.href;
  } catch {
    return "wss://host/stage";
  }
}

function part(name: string, text: string): HTMLElement[] {
  const bar = element("div", "row");
  bar.append(
    element("h3", "grow", name),
    button(`Copy as ${name}`, "chip", (from) => void copy(text, from)),
  );
  const code = element("pre", "mono", text);
  code.tabIndex = 0;
  code.setAttribute("role", "group");
  code.setAttribute("aria-label", `Code for ${name}`);
  return [bar, code];
}
