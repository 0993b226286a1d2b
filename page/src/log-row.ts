import { button, copy, element } from "./dom.ts";
import { clock, isObject } from "./format.ts";

export interface LogEntry {
  at: Date;
  direction: "sent" | "received" | "local";
  type: string;
  text: string;
  frame: unknown;
  row?: HTMLElement;
}

export const ARROWS = { sent: "↑", received: "↓", local: "•" };

/** What tells one frame from the next; the whole text is a click away, and is what is searched and copied. */
function brief({ frame, text }: LogEntry): string {
  if (!isObject(frame)) return text;
  const { type, action, requestId, sessionId, ...rest } = frame;
  return JSON.stringify(rest).slice(1, -1);
}

export function rowOf(entry: LogEntry, isShown: boolean): HTMLElement {
  const row = element("li");
  entry.row = row;
  const details = row.appendChild(element("details"));
  const summary = details.appendChild(element("summary"));
  const arrow = element("span", entry.direction, ARROWS[entry.direction]);
  arrow.setAttribute("role", "img");
  arrow.setAttribute("aria-label", entry.direction);
  const type = element("span", `type ${entry.direction}`, entry.type);
  summary.append(element("time", "", clock(entry.at)), arrow, type, element("span", "text", brief(entry).slice(0, 300)));
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(whole(entry)); // made when it is looked at: most never are
  });
  row.hidden = !isShown;
  return row;
}

/** Laid out if it is JSON; as it came by a button. */
function whole({ frame, text }: LogEntry): HTMLElement {
  const box = element("div", "whole");
  const laidOut = frame === undefined ? text : JSON.stringify(frame, null, 2);
  const pre = element("pre", "", laidOut);
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", "Message");
  const buttons = element("div", "whole-buttons");
  buttons.append(button("Copy", "chip", (from) => void copy(text, from)));
  if (laidOut !== text) {
    buttons.append(
      button("As it came", "chip", (from) => {
        const isPretty = pre.textContent === laidOut;
        pre.textContent = isPretty ? text : laidOut;
        from.textContent = isPretty ? "Laid out" : "As it came";
      }),
    );
  }
  box.append(pre, buttons);
  return box;
}
