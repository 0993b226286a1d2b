import type { ConnectionSnapshot } from "gateway-client";
import { address, firstUrl, rememberUrl, tokenProblem } from "./address.ts";
import { current } from "./current.ts";
import { $, field, fieldError } from "./dom.ts";
import { span } from "./format.ts";
import { client, isClosed, target } from "./gateway.ts";
import { logLocal } from "./log.ts";
import { closedBecause, explain, hideProblem } from "./problem.ts";
import { changeSession } from "./session.ts";
import { reconnecting } from "./storage.ts";
import { showAll, showTimes } from "./turns.ts";

/** False, and a message beside the field, if it cannot even be tried. */
export function connect(): boolean {
  for (const id of ["url", "token", "session"]) fieldError(id, null);
  if (!changeSession(field("session").value)) return refused("session", null);
  const token = field("token").value.trim();
  const problem = tokenProblem(token);
  if (problem) return refused("token", problem);
  try {
    const url = address();
    if (location.protocol === "https:" && url.protocol === "ws:")
      throw new Error("This page came by https: from here a browser connects to wss:// only.");
    const hadToken = rememberUrl(url);
    Object.assign(target, { url: url.href, token });
    client.connect();
    reconnecting.set(token || hadToken ? "token" : "yes");
  } catch (error) {
    return refused("url", (error as Error).message);
  }
  return true;
}

function refused(id: string, problem: string | null): false {
  unfold(true); // a field that is folded away can have no focus
  if (problem) fieldError(id, problem);
  field(id).focus();
  return false;
}

export function disconnect(): void {
  reconnecting.set("");
  client.disconnect();
}

function unfold(open: boolean): void {
  $("connection").toggleAttribute("data-open", open);
  $("fold").setAttribute("aria-expanded", String(open));
}

let last = "";
/** Tries in a row that did not reach the gateway. Those of the client count on from a connection that was lost. */
let unreached = 0;
function onState(snapshot: ConnectionSnapshot): void {
  const { state, attempt, problem } = snapshot;
  const first = state === "connecting" && attempt === 0;
  const shown = `${state} ${attempt}`;
  if (shown === last) return;
  last = shown;
  $("pill").dataset.state = $("status").dataset.state = state;
  const pill = {
    closed: "Not connected",
    connecting: first ? "Connecting…" : "Reconnecting…",
    open: "Connected",
    waiting: "Reconnecting…",
  };
  $("pill").textContent = pill[state];
  if (state === "closed" || state === "open") hideProblem();
  const isUnreached = state === "waiting" && problem?.opened === false;
  if (isUnreached) unreached += 1;
  else if (state !== "connecting") unreached = 0;
  // What was found out about a failure stays to be read while it is tried again, and is looked into now and then only.
  const stays = isUnreached ? unreached % 5 !== 1 : state === "connecting" && !first;
  if (!stays) $("status-text").textContent = sentence(snapshot);
  if (isUnreached && !stays) void explain(target, $("status-text").textContent ?? "");
  if (state === "open") unfold(false);
  showButtons(state === "closed");
  showAll();
  note(snapshot);
  showClock();
}

function sentence({ state, problem }: ConnectionSnapshot): string {
  if (state === "closed") return "Not connected.";
  if (state === "connecting") return `Connecting to ${shownUrl()}`;
  if (state === "open") return `Connected to ${shownUrl()}`;
  return problem?.opened ? closedBecause(problem) : `Could not connect to ${shownUrl()}.`;
}

const shownUrl = (): string => target.url.replace(/([?&]token=)[^&]*/, "$1…");

function note({ state, problem, nextTryAt }: ConnectionSnapshot): void {
  const text = $("status-text").textContent ?? "";
  if (state === "open" || state === "closed") logLocal(state, text);
  if (state === "waiting")
    logLocal(problem?.opened ? "closed" : "failed", `${text} Next try in ${span((nextTryAt ?? 0) - Date.now())}.`);
}

function showButtons(idle: boolean): void {
  const button = $<HTMLButtonElement>("connect");
  button.textContent = idle ? "Connect" : "Disconnect";
  button.type = idle ? "submit" : "button"; // one button keeps the keyboard's focus
  button.classList.toggle("primary", idle);
  for (const id of ["url", "token"]) field(id).readOnly = !idle;
}

function showClock(): void {
  const { state, attempt, nextTryAt } = client.getSnapshot();
  const left = state === "waiting" ? (nextTryAt ?? 0) - Date.now() : 0;
  const again = state === "waiting" || (state === "connecting" && attempt > 0) ? "Trying again." : "";
  const text = left > 0 ? `Next try in ${Math.ceil(left / 1000)} s.` : again;
  if ($("countdown").textContent !== text) $("countdown").textContent = text;
  $("retry").hidden = left <= 0;
  showTimes();
}

export function startConnection(): void {
  client.on("connection", onState);
  setInterval(showClock, 250);
  field("session").value = current.sessionId;
  field("url").value = firstUrl();
  field("url").addEventListener("change", () => {
    try {
      rememberUrl(address());
    } catch {
      // connecting tells what is wrong with it
    }
  });
  $("connect-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (isClosed()) connect();
  });
  $("connect").addEventListener("click", (event) => {
    if ($<HTMLButtonElement>("connect").type === "submit") return;
    event.preventDefault(); // the type changes at once, and must not submit
    disconnect();
  });
  $("retry").addEventListener("click", () => client.retryNow());
  $("fold").addEventListener("click", () => unfold(!$("connection").hasAttribute("data-open")));
  $("status-text").textContent = "Not connected.";
  if (reconnecting.get() === "yes") connect();
  if (reconnecting.get() === "token") {
    unfold(true);
    $("status-text").textContent = "Not connected. Enter the token again and connect: tokens are never stored.";
  }
}
