import { $, button, element } from "./dom.ts";

const TIME = 12_000;
let timer = 0;

/** Says what was done, for a while, with a way back from it. */
export function toast(text: string, undo?: () => void): void {
  const box = $("toast");
  clearTimeout(timer);
  box.replaceChildren(element("span", "grow", text));
  if (undo) {
    box.append(
      button("Undo", "chip", () => {
        undo();
        hide();
      }),
    );
  }
  box.append(button("Dismiss", "quiet", hide));
  box.hidden = false;
  timer = setTimeout(hide, TIME);
}

function hide(): void {
  clearTimeout(timer);
  $("toast").hidden = true;
}
