import { $, copy, download, field } from "./dom.ts";
import { followerWith } from "./follow.ts";
import { isObject } from "./format.ts";
import { client } from "./gateway.ts";
import { ARROWS, type LogEntry, rowOf } from "./log-row.ts";
import { toast } from "./toast.ts";

const MAX = 2_000;
let entries: LogEntry[] = [];
let fresh: LogEntry[] = []; // not shown yet
let dropped = 0;
const types = new Set<string>();
const followLog = followerWith($("frames"), $("log-latest"));

export function logEntry(entry: LogEntry): void {
  if (!fresh.length) setTimeout(show, 50);
  fresh.push(entry);
}

export const logLocal = (type: string, text: string): void =>
  logEntry({ at: new Date(), direction: "local", type, text, frame: undefined });

function kindOf(direction: string, frame: unknown): string {
  if (!isObject(frame)) return "text";
  if (direction === "received") return String(frame.type ?? "gateway error");
  return String(frame.action ?? ["input", "prompt", "upload"].find((member) => member in frame) ?? "text");
}

const asLine = ({ at, direction, text }: LogEntry): string => `${at.toISOString()} ${ARROWS[direction]} ${text}`;
const shown = (): LogEntry[] => entries.filter(({ row }) => !row?.hidden);

function isShown({ direction, type, text }: LogEntry): boolean {
  const wanted = field("log-type").value;
  if (wanted && wanted !== direction && wanted !== `type ${type}`) return false;
  return text.toLowerCase().includes(field("log-filter").value.toLowerCase());
}

function addType(type: string): void {
  if (types.has(type)) return;
  types.add(type);
  $("log-type").append(new Option(type, `type ${type}`));
}

/** Appends what is new and drops what is too old; the rows between stay as they are. */
function show(): void {
  const added = fresh.slice(-MAX);
  const old = Math.max(0, entries.length + added.length - MAX);
  dropped += old + fresh.length - added.length;
  fresh = [];
  for (const entry of added) addType(entry.type);
  $("frames").append(...added.map((entry) => rowOf(entry, isShown(entry))));
  entries.push(...added);
  for (const { row } of entries.splice(0, old)) row?.remove();
  count();
  followLog();
}

function count(): void {
  const visible = shown().length;
  const all = visible === entries.length;
  $("log-count").textContent = all ? String(visible || "") : `${visible} of ${entries.length}`;
  $("log-dropped").textContent = dropped
    ? `${dropped.toLocaleString("en")} older ones are gone: the log keeps the last ${MAX.toLocaleString("en")}.`
    : "";
  $("log-dropped").hidden = !dropped;
  $("copy-log").textContent = all ? "Copy all" : "Copy shown";
}

function filter(): void {
  for (const entry of entries) if (entry.row) entry.row.hidden = !isShown(entry);
  count();
  followLog(true);
}

function clear(): void {
  if (fresh.length) show();
  const before = { entries, dropped };
  if (!entries.length) return;
  entries = [];
  dropped = 0;
  $("frames").replaceChildren();
  count();
  toast("Cleared the log.", () => {
    entries = [...before.entries, ...entries];
    dropped += before.dropped;
    $("frames").prepend(...before.entries.flatMap(({ row }) => row ?? []));
    filter();
  });
}

/** One JSON object a line, as programs read it. */
function exportLog(): void {
  const lines = shown().map(({ at, direction, type, text, frame }) =>
    JSON.stringify({ at, direction, type, message: frame ?? text }),
  );
  download("gateway-log.jsonl", `${lines.join("\n")}\n`, "application/jsonl");
}

function enlarge(): void {
  const isLarge = $("log").toggleAttribute("data-large");
  $("log").style.height = ""; // what it was dragged to
  $("enlarge-log").setAttribute("aria-pressed", String(isLarge));
  if (isLarge) $("log").scrollIntoView({ block: "nearest" });
  followLog();
}

export function startLog(): void {
  client.on("frame", ({ direction, text, frame, at }) =>
    logEntry({ at, direction, type: kindOf(direction, frame), text, frame }),
  );
  field("log-filter").addEventListener("input", filter);
  field("log-type").addEventListener("change", filter);
  $("clear-log").addEventListener("click", clear);
  $("export-log").addEventListener("click", exportLog);
  $("enlarge-log").addEventListener("click", enlarge);
  $("copy-log").addEventListener(
    "click",
    ({ currentTarget }) => void copy(shown().map(asLine).join("\n"), currentTarget as HTMLElement),
  );
}
