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

/** A switch over the chat, which `turns` has as an attribute, and which stays as it was left. */
function startSwitch(id: string, name: string, otherwise: "on" | "off"): void {
  const box = field(id);
  const show = () => {
    $("turns").dataset[name] = box.checked ? "on" : "off";
    showAll();
  };
  box.checked = (remembered.get(id) ?? otherwise) === "on";
  box.addEventListener("change", () => {
    remembered.set(id, box.checked ? "on" : "off");
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
startSwitch("raw-events", "raw", "off");
startSwitch("smooth", "smooth", "on");
startClearing();
startSessionsDialog();
startCheck();
