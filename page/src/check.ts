import type { AgentEvent, Run, RunSnapshot } from "gateway-client";
import { newId } from "gateway-client";
import { submit } from "./asking.ts";
import { PROMPTS } from "./composer.ts";
import { connect } from "./connection.ts";
import { $, announce, element } from "./dom.ts";
import { span } from "./format.ts";
import { client, isClosed } from "./gateway.ts";
import { followChat, showEmpty } from "./turns.ts";

interface Checked {
  run?: Run;
}
type Source<T> = { subscribe: (listener: () => void) => () => void; getSnapshot: () => T };

/** Resolves with the first snapshot that is `wanted`, or rejects after a time. */
function until<T>({ subscribe, getSnapshot }: Source<T>, wanted: (snapshot: T) => boolean, seconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!wanted(getSnapshot())) return;
      finish();
      resolve(getSnapshot());
    };
    const off = subscribe(look);
    const timer = setTimeout(() => {
      finish();
      reject(new Error(`no answer within ${seconds} s`));
    }, seconds * 1000);
    const finish = () => {
      clearTimeout(timer);
      off();
    };
    look();
  });
}

/** The first of a promise and ten seconds. */
function soon<T>(promise: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error("no answer within 10 s")), 10_000));
  return Promise.race([promise, late]);
}

const why = ({ ending, state }: RunSnapshot): string =>
  ending?.outcome === "failed" ? `${ending.code}: ${ending.message}` : state;

function runOf({ run }: Checked): Run {
  if (!run) throw new Error("there is no run");
  return run;
}

/** Each step returns what to say about it, or throws. */
const STEPS: Record<string, (checked: Checked) => Promise<string>> = {
  async Connection() {
    if (client.getSnapshot().state === "open") return "is there";
    if (isClosed() && !connect()) throw new Error($("url-error").textContent || $("token-error").textContent || "look above");
    const { state } = await until(client, ({ state }) => state === "open" || state === "waiting", 15);
    if (state !== "open") throw new Error("could not connect");
    return "opened";
  },
  async Echo() {
    const data = { check: newId() };
    const came = await soon(client.echo(data));
    if (JSON.stringify(came) !== JSON.stringify(data)) throw new Error("something else came back");
    return "came back unchanged";
  },
  async Ping() {
    await soon(client.ping());
    return "answered";
  },
  async Prompt(checked) {
    const turn = submit({ prompt: PROMPTS.Hello ?? "" });
    if (turn.run) checked.run = turn.run;
    const snapshot = await until(runOf(checked), ({ state }) => state !== "sending", 30);
    if (!snapshot.accepted) throw new Error(why(snapshot));
    return "accepted";
  },
  async "First event"(checked) {
    const has = (events: readonly AgentEvent[]) => events.length > 0;
    const snapshot = await until(runOf(checked), ({ events, ending }) => has(events) || ending !== null, 120);
    if (!has(snapshot.events)) throw new Error(`ended without one (${why(snapshot)})`);
    return "the reply streams";
  },
  async Reply(checked) {
    const snapshot = await until(runOf(checked), ({ ending }) => ending !== null, 900);
    if (snapshot.state !== "completed") throw new Error(why(snapshot));
    return `whole, in ${snapshot.seq} frames`;
  },
};

/** The panel with a line for each step. */
function panel(): { title: HTMLElement; lines: HTMLElement[] } {
  const box = element("section", "check");
  box.setAttribute("aria-label", "AgentCore Test");
  const title = box.appendChild(element("h3", "", "AgentCore Test: running"));
  const list = box.appendChild(element("ol"));
  const lines = Object.keys(STEPS).map((name) => {
    const line = list.appendChild(element("li"));
    line.append(element("span", "sign", "·"), element("span", "said muted", name), element("span", "time muted"));
    return line;
  });
  $("turns").append(box);
  showEmpty();
  followChat(true);
  return { title, lines };
}

function put(line: HTMLElement | undefined, sign: string, said: string, time = ""): void {
  [sign, said, time].forEach((text, at) => {
    const part = line?.children[at];
    if (part) part.textContent = text;
  });
}

async function check(): Promise<void> {
  const { title, lines } = panel();
  const checked: Checked = {};
  const start = performance.now();
  let passed = true;
  for (const [index, [name, step]] of Object.entries(STEPS).entries()) {
    const line = lines[index];
    if (!passed) {
      put(line, "·", `${name}: skipped`);
      continue;
    }
    put(line, "…", name);
    const from = performance.now();
    const said = await step(checked).catch((error: Error) => {
      passed = false;
      return error.message;
    });
    if (line) line.dataset.result = passed ? "passed" : "failed";
    put(line, passed ? "✓" : "✗", `${name}: ${said}`, span(performance.now() - from));
  }
  title.textContent = `AgentCore Test: ${passed ? "passed" : "failed"} in ${span(performance.now() - start)}`;
  announce(title.textContent);
}

export function startCheck(): void {
  const button = $<HTMLButtonElement>("check");
  button.addEventListener("click", async () => {
    button.disabled = true;
    await check().finally(() => {
      button.disabled = false;
    });
  });
}
