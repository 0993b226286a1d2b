import { button, element } from "./dom.ts";
import { shared } from "./storage.ts";
import { toast } from "./toast.ts";

interface Chips {
  /** What the saved ones are kept under. */
  kind: string;
  box: HTMLElement;
  save: HTMLElement;
  field: HTMLInputElement;
  templates: Record<string, string | (() => string)>;
  onPick?: () => void;
}

const MAX = 30;

/** Templates, and what a person has saved beside them: a click puts one into the field. */
export function savedChips({ kind, box, save, field, templates, onPick = () => field.focus() }: Chips): void {
  const saved = () => shared.get<string[]>(`saved.${kind}`, []);
  const store = (texts: string[]) => {
    shared.set(`saved.${kind}`, texts);
    show();
  };
  const pick = (text: string) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    onPick();
  };
  const forget = (text: string) => {
    const before = saved();
    store(before.filter((other) => other !== text));
    toast("Removed a saved message.", () => store(before));
    field.focus();
  };
  const show = () => {
    const fixed = Object.entries(templates).map(([name, make]) =>
      button(name, "chip", () => pick(typeof make === "string" ? make : make())),
    );
    box.replaceChildren(...fixed, ...saved().map((text) => savedChip(text, pick, forget)));
  };
  save.addEventListener("click", () => {
    const text = field.value;
    if (!text.trim()) return field.focus();
    const others = saved().filter((other) => other !== text);
    if (others.length >= MAX) return toast(`${MAX} messages are saved already. Remove one first.`);
    store([...others, text]);
    toast("Saved. It stands beside the templates, also after a reload.");
  });
  show();
}

function savedChip(text: string, pick: (text: string) => void, forget: (text: string) => void): HTMLElement {
  const box = element("span", "saved");
  const name = text.trim().replace(/\s+/g, " ");
  const short = name.length > 24 ? `${name.slice(0, 23)}…` : name;
  const use = box.appendChild(button(short, "chip", () => pick(text)));
  use.title = name.slice(0, 500);
  const remove = box.appendChild(button("✕", "chip", () => forget(text)));
  remove.setAttribute("aria-label", `Remove the saved message ${short}`);
  return box;
}
