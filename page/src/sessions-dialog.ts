import { newId } from "gateway-client";
import { forgetSession, type KnownSession, knownSessions, LIMITS, loadChat, note, notesOf, storeChat, titleOf } from "./chats.ts";
import { current } from "./current.ts";
import { $, button, element } from "./dom.ts";
import { exportJson, exportMarkdown } from "./exporting.ts";
import { plural, when } from "./format.ts";
import { changeSession, showTitle } from "./session.ts";
import { toast } from "./toast.ts";

const dialog = $<HTMLDialogElement>("sessions");

function show(): void {
  const known = knownSessions();
  $("sessions-list").replaceChildren(...known.map(item));
  $("sessions-none").hidden = known.length > 0;
}

/** Opens it: what runs there, or ran last, comes with it from the gateway. */
function resume(id: string): void {
  changeSession(id);
  dialog.close("prompt");
}

function item(known: KnownSession): HTMLElement {
  const box = element("li");
  const isOpen = known.id === current.sessionId;
  box.toggleAttribute("data-current", isOpen);
  const title = titleOf(known);
  const name = element("input");
  name.value = known.name;
  name.placeholder = title;
  name.setAttribute("aria-label", `Name of the session ${title}`);
  name.addEventListener("change", () => {
    note(known.id, { name: name.value.trim() });
    showTitle();
  });
  const facts = element("p", "muted", `${plural(known.count, "prompt")}, ${when(known.at)}${isOpen ? ", open now" : ""}`);
  const id = element("p", "muted mono id", known.id);
  const row = element("div", "row wrap");
  const open = button(isOpen ? "Go on" : "Resume", "chip primary", () => resume(known.id));
  row.append(
    open,
    button("Export as text", "chip", () => exportMarkdown(known.id)),
    button("Export as JSON", "chip", () => exportJson(known.id)),
  );
  if (!isOpen) row.append(button("Forget", "chip", () => forget(known)));
  for (const one of row.children) one.setAttribute("aria-label", `${one.textContent}: ${title}`);
  box.append(name, facts, id, row);
  return box;
}

function forget({ id }: KnownSession): void {
  const before = { chat: loadChat(id), notes: notesOf(id) };
  forgetSession(id);
  show();
  $("sessions-close").focus(); // the button that had the focus is gone
  toast("Forgot a session. The gateway and the agent still know it.", () => {
    note(id, before.notes);
    storeChat(id, before.chat);
    show();
  });
}

export function startSessionsDialog(): void {
  $("sessions-open").addEventListener("click", () => {
    show();
    dialog.append($("toast")); // above what a dialog covers
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    document.body.append($("toast"));
    $(dialog.returnValue || "sessions-open").focus(); // where one goes on
  });
  $("sessions-close").addEventListener("click", () => dialog.close());
  $("code-close").addEventListener("click", () => $<HTMLDialogElement>("code").close());
  $("sessions-new").addEventListener("click", () => resume(newId()));
  $("sessions-note").textContent =
    `Kept in this browser only: the last ${LIMITS.turns} prompts of each of the last ${LIMITS.sessions} sessions. Older ones are dropped.`;
}
