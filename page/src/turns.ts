import type { ConnectionState, Run } from "gateway-client";
import { loadChat, type StoredTurn, saveTurn } from "./chats.ts";
import { current } from "./current.ts";
import { $, announce } from "./dom.ts";
import { followerWith } from "./follow.ts";
import { size, span } from "./format.ts";
import { client } from "./gateway.ts";
import { logLocal } from "./log.ts";
import { BUSY, hasEnded } from "./state.ts";
import { Turn } from "./turn.ts";
import type { TurnActions } from "./turn-view.ts";

/** By request id, in the order shown. */
export const turns = new Map<string, Turn>();
export const followChat = followerWith($("turns"), $("chat-latest"));
const connection = (): ConnectionState => client.getSnapshot().state;
const showsRaw = (): boolean => $("turns").dataset.raw === "on";

/** What the buttons of a turn do; set by `asking.ts`. */
export const actions: { of: (turn: () => Turn) => TurnActions } = {
  of: () => ({ stop() {}, again() {}, copyAs() {}, fetch() {} }),
};

export function addTurn(requestId: string, kept: StoredTurn | null): Turn {
  const turn: Turn = new Turn(
    requestId,
    kept,
    actions.of(() => turn),
  );
  turns.set(requestId, turn);
  $("turns").append(turn.view.article);
  turn.show(connection(), showsRaw());
  showEmpty();
  return turn;
}

export function removeTurn(turn: Turn): void {
  turn.leave();
  turn.view.article.remove();
  turns.delete(turn.requestId);
  showEmpty();
}

export function showEmpty(): void {
  $("empty").hidden = turns.size > 0 || document.querySelector(".check") !== null;
}

/** A run of this session that is new here: asked here, in another tab, or on another device. */
export function followRun(run: Run): Turn {
  const { requestId } = run;
  const turn = turns.get(requestId) ?? addTurn(requestId, loadChat(current.sessionId)[requestId] ?? null);
  turn.follow(run, () => later(turn));
  later(turn);
  return turn;
}

// Frames may come faster than a screen shows: what has come is shown once per picture, and seldomer where that takes long.
const dirty = new Set<Turn>();
let pause = 16;
let timer = 0;
let flushAt = Number.POSITIVE_INFINITY;
export function later(turn: Turn, wait = 0): void {
  dirty.add(turn);
  const rest = Math.max(pause, Math.ceil(wait)); // timers count in whole milliseconds, and a word is not shown before it is due
  const at = performance.now() + rest;
  if (at >= flushAt) return;
  clearTimeout(timer);
  flushAt = at;
  timer = setTimeout(flush, rest); // not an animation frame: a hidden tab goes on too
}

function flush(): void {
  const from = performance.now();
  flushAt = Number.POSITIVE_INFINITY;
  const changed = [...dirty];
  dirty.clear();
  for (const turn of changed) showChange(turn);
  showStop();
  followChat();
  pause = Math.max(16, Math.min(500, 3 * (performance.now() - from)));
  for (const turn of changed.filter(isHere)) {
    const wait = turn.view.reply.dueIn;
    if (wait !== null) later(turn, wait);
  }
}

/** Not of a session that was left. */
const isHere = (turn: Turn): boolean => turns.get(turn.requestId) === turn;

function showChange(turn: Turn): void {
  if (!isHere(turn)) return;
  const before = `${turn.facts.state} ${turn.facts.accepted} ${turn.facts.firstAt} ${turn.facts.startedAt} ${turn.facts.background}`;
  const wasUploaded = Boolean(turn.facts.upload?.uploadId);
  const ended = turn.update(runsBeside(turn));
  const { facts } = turn;
  if (facts.upload?.uploadId && !wasUploaded) logLocal("uploaded", `${size(facts.upload.bytes)} of a prompt were uploaded.`);
  turn.show(connection(), showsRaw());
  if (ended || before !== `${facts.state} ${facts.accepted} ${facts.firstAt} ${facts.startedAt} ${facts.background}`) save(turn);
  if (!ended) return;
  announce(facts.behind ? BUSY : `Request ${facts.state}${facts.endedAt ? ` after ${span(facts.endedAt - facts.at)}` : ""}.`);
}

const runsBeside = (turn: Turn): boolean =>
  [...turns.values()].some((other) => other !== turn && other.facts.state === "running");

export function save(turn: Turn): void {
  const { label, files, ...rest } = turn.stored();
  // Another tab may know what was asked.
  const known = { ...(label && { label }), ...(files?.length && { files }) };
  saveTurn(current.sessionId, turn.requestId, { ...loadChat(current.sessionId)[turn.requestId], ...rest, ...known });
}

export function showAll(): void {
  for (const turn of turns.values()) turn.show(connection(), showsRaw());
  showStop();
  followChat();
}

/** What moves with the clock. */
export function showTimes(): void {
  for (const turn of turns.values()) if (!hasEnded(turn.facts)) turn.view.times(turn.facts, connection());
}

export function oldestRunning(): Turn | undefined {
  return [...turns.values()].find(({ facts, hasEnded }) => !hasEnded && !facts.stopping);
}

export function showStop(): void {
  $<HTMLButtonElement>("stop").disabled = !oldestRunning();
}
