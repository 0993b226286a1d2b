import { startAsking } from "./asking.ts";
import { startCheck } from "./check.ts";
import { startClearing } from "./clearing.ts";
import { startComposer } from "./composer.ts";
import { startConnection } from "./connection.ts";
import { $, field } from "./dom.ts";
import { startLog } from "./log.ts";
import { startRaw } from "./raw.ts";
import { startSessions } from "./session.ts";
import { startSessionsDialog } from "./sessions-dialog.ts";
import { remembered } from "./storage.ts";
import { showAll } from "./turns.ts";

/** A switch over the chat, which `turns` has as an attribute, and which stays as it was left: "yes" is on, as in pages of before. */
function startSwitch(id: string, name: string, otherwise: "yes" | "no"): void {
  const box = field(id);
  const show = () => {
    $("turns").dataset[name] = box.checked ? "on" : "off";
    showAll();
  };
  box.checked = (remembered.get(id) ?? otherwise) === "yes";
  box.addEventListener("change", () => {
    remembered.set(id, box.checked ? "yes" : "no");
    show();
  });
  show();
}

startLog();
startAsking();
startComposer();
startRaw();
startConnection(); // before the sessions, which show what goes on without one
startSessions();
startSwitch("raw-events", "raw", "no");
startSwitch("smooth", "smooth", "yes");
startClearing();
startSessionsDialog();
startCheck();
