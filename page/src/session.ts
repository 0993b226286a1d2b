import { newId, type Run, type Session, sessionIdProblem } from "gateway-client";
import { type Asked, chatKey, described, LIMITS, loadChat, note, notesOf, type StoredTurn, titleOf } from "./chats.ts";
import { current } from "./current.ts";
import { $, field, fieldError } from "./dom.ts";
import { plural } from "./format.ts";
import { client } from "./gateway.ts";
import { hasEnded } from "./state.ts";
import { remembered } from "./storage.ts";
import { addTurn, followChat, followRun, removeTurn, showAll, turns } from "./turns.ts";

let session: Session | null = null; // the client forgets one that nobody holds
let leave = () => {};
/** What to call a run that a raw message asked for; set by `raw.ts`. */
export const labelOfRaw: { of: (requestId: string) => string } = { of: () => "" };

export function openSession(id: string): void {
  leave();
  current.sessionId = id;
  remembered.set("session", id);
  field("session").value = id;
  for (const turn of [...turns.values()]) removeTurn(turn);
  const kept = Object.entries(loadChat(id)).sort(([, a], [, b]) => a.at - b.at);
  for (const [requestId, entry] of kept) addTurn(requestId, entry);
  session = client.session(id);
  leave = session.on("run", onRun);
  for (const run of session.getSnapshot().runs) onRun(run);
  for (const [requestId, entry] of kept) if (!hasEnded(entry)) takeUp(requestId, entry);
  showTitle();
  showAll();
  followChat(true);
}

function onRun(run: Run): void {
  if (notesOf(run.sessionId).cleared?.includes(run.requestId)) return; // its replay is not wanted
  const isNew = !turns.has(run.requestId);
  const turn = followRun(run);
  if (isNew && !turn.label && !run.getSnapshot().prompt) turn.setLabel(labelOfRaw.of(run.requestId), turn.files);
}

/** Goes on with what an earlier page has begun: asks for its reply, or sends it if nobody is known to have taken it. */
function takeUp(requestId: string, { accepted, asked }: StoredTurn): void {
  const { sessionId } = current;
  if (accepted) return void client.resume({ sessionId, requestId }).catch(() => {}); // the run tells what was wrong
  if (asked) return void client.prompt(promptOf(asked), { ...optionsOf(asked), sessionId, requestId });
  const turn = turns.get(requestId);
  if (!turn) return;
  const message = "This page no longer has this prompt; it was not sent from here.";
  turn.facts = { ...turn.facts, state: "rejected", code: "not_sent", message }; // not kept so: another tab may be sending it
}

export const promptOf = ({ prompt = "", input }: Asked) => (input ? { input } : prompt);

export function optionsOf({ agent, parameters, input }: Asked) {
  return { ...(agent && { agent }), ...(parameters && !input && { parameters }) };
}

export function changeSession(id: string): boolean {
  const problem = sessionIdProblem(id);
  fieldError("session", problem);
  if (problem) return false;
  if (id !== current.sessionId) openSession(id);
  return true;
}

/** What the session is called, and what is not kept of it any more. */
export function showTitle(): void {
  const known = described(current.sessionId);
  const { dropped = 0 } = notesOf(current.sessionId);
  $("session-title").textContent = known.name || known.first ? titleOf(known) : "New session";
  $("dropped").hidden = dropped === 0;
  $("dropped").textContent =
    `${plural(dropped, "older prompt")} of this session are no longer kept: this browser keeps the last ${LIMITS.turns}. Export a session to keep more.`;
}

/** Another tab of this browser in the same session: its prompts, and its replies if this tab is not connected. */
function onStorage({ key }: StorageEvent): void {
  if (key !== chatKey(current.sessionId)) return;
  for (const [requestId, entry] of Object.entries(loadChat(current.sessionId)).sort(([, a], [, b]) => a.at - b.at)) {
    const turn = turns.get(requestId) ?? addTurn(requestId, entry);
    if (!turn.label && !turn.files.length && (entry.label || entry.files)) turn.setLabel(entry.label ?? "", entry.files ?? []);
    turn.asked ??= entry.asked ?? null;
    if (!turn.run) turn.restore(entry);
  }
  showTitle();
  showAll();
}

export function startSessions(): void {
  addEventListener("storage", onStorage);
  field("session").addEventListener("change", () => changeSession(field("session").value));
  $("new-session").addEventListener("click", () => changeSession(newId()));
  note(current.sessionId, { openedAt: Date.now() });
  openSession(current.sessionId);
}
