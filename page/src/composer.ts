import { ready, stop, submit } from "./asking.ts";
import { attachments, detach, inputWith, startAttachments } from "./attachments.ts";
import { current } from "./current.ts";
import { $, announce, field, fieldError } from "./dom.ts";
import { browse, edited, isBrowsing, leaveHistory } from "./history.ts";
import { askedBy, isInput, startOptions } from "./options.ts";
import { savedChips } from "./saved.ts";
import { oldestRunning } from "./turns.ts";

export const PROMPTS: Record<string, string> = {
  Hello: "Hello, what can you do?",
  "Long reply":
    "Tell me the story of a lighthouse keeper who writes letters to the ships. Take your time: at least twenty paragraphs.",
  "Count to 200": "count to 200",
  Fail: "fail",
};

let reading = false; // from a click on Send until the files are read

async function send(): Promise<void> {
  const box = field("prompt");
  const text = box.value;
  const files = attachments();
  if (reading || !(text.trim() || files.length)) return box.focus();
  if (files.length && isInput()) return fieldError("prompt", "Files go with a text. Put them into the input, or remove them.");
  const asked = files.length ? null : askedBy(text);
  if ((!asked && !files.length) || !ready()) return;
  if (asked) submit(asked);
  else if (!(await sendWith(text))) return;
  edited();
  if (box.value === text) box.value = ""; // more may have been written while files were read
  box.focus();
}

/** False if a file cannot be read: then everything stays as it was. */
async function sendWith(text: string): Promise<boolean> {
  const { sessionId } = current;
  const files = attachments();
  const button = $<HTMLButtonElement>("send");
  reading = button.disabled = true;
  try {
    const asked = askedBy(text, await inputWith(text, files));
    if (!asked || sessionId !== current.sessionId) return false; // it was for another conversation
    const shown = files.map(({ name, size, picture }) => ({ name, size, picture }));
    submit(asked, text, shown);
    detach(files);
    return true;
  } catch (error) {
    fieldError("prompt", (error as Error).message);
    return false;
  } finally {
    reading = button.disabled = false;
  }
}

function onKey(event: KeyboardEvent): void {
  const box = field("prompt");
  if (event.isComposing) return; // Enter also ends a composed character
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    $<HTMLFormElement>("composer").requestSubmit();
  } else if (event.key === "ArrowUp" && (!box.value || isBrowsing())) {
    if (browse(1)) event.preventDefault();
  } else if (event.key === "ArrowDown" && isBrowsing()) {
    if (browse(-1)) event.preventDefault();
  }
}

/** Esc goes back from an older prompt to what was being written; else it stops what runs. */
function onEscape(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (isBrowsing()) return leaveHistory();
  if (event.target instanceof HTMLInputElement) return; // there it empties a field for searching
  const turn = oldestRunning();
  if (!turn) return;
  stop(turn);
  announce("Stopping.");
}

export function startComposer(): void {
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    void send();
  });
  $("prompt").addEventListener("keydown", onKey);
  $("prompt").addEventListener("input", edited);
  addEventListener("keydown", onEscape);
  $("stop").addEventListener("click", () => {
    const turn = oldestRunning();
    if (turn) stop(turn);
  });
  savedChips({ kind: "prompts", box: $("prompt-templates"), save: $("save-prompt"), field: field("prompt"), templates: PROMPTS });
  startAttachments();
  startOptions();
}
