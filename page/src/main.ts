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

function startRawEvents(): void {
  const box = field("raw-events");
  const show = () => {
    $("turns").dataset.raw = box.checked ? "on" : "off";
    remembered.set("raw-events", box.checked ? "yes" : "");
    showAll();
  };
  box.checked = remembered.get("raw-events") === "yes";
  box.addEventListener("change", show);
  show();
}

startLog();
startAsking();
startComposer();
startRaw();
startConnection(); // before the sessions, which show what goes on without one
startSessions();
startRawEvents();
startClearing();
startSessionsDialog();
startCheck();
