/** What a person does not see of it is put in as text, never as HTML. */
export function $<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`This page has no element #${id}.`);
  return found as T;
}

export const field = (id: string) => $<HTMLInputElement>(id);

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = "",
  text?: string,
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function button(text: string, className: string, action: (from: HTMLButtonElement) => void): HTMLButtonElement {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", () => action(made));
  return made;
}

/** Tells beside a field what is wrong with it, or that nothing is. */
export function fieldError(id: string, problem: string | null): void {
  $(`${id}-error`).textContent = problem ?? "";
  $(id).setAttribute("aria-invalid", String(Boolean(problem)));
}

const said: string[] = [];
/** Says it to those who cannot see it; what comes together is said together. */
export function announce(text: string): void {
  if (!said.length) setTimeout(() => ($("announce").textContent = said.splice(0).join(" ")), 50);
  said.push(text);
}

export async function copy(text: string, from: HTMLElement): Promise<void> {
  const label = from.dataset.label ?? from.textContent ?? "";
  from.dataset.label = label; // a second click while it says "Copied"
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text);
    from.focus();
  }
  from.textContent = "Copied";
  setTimeout(() => {
    if (from.textContent === "Copied") from.textContent = from.dataset.label ?? label;
    delete from.dataset.label;
  }, 1200);
}

/** A page that came by plain http has no clipboard: the old way. */
function copyBySelection(text: string): void {
  const area = document.body.appendChild(element("textarea", "visually-hidden"));
  area.value = text;
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function download(name: string, text: string, type = "application/json"): void {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
