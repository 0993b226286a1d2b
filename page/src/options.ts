import type { Asked } from "./chats.ts";
import { $, field, fieldError } from "./dom.ts";
import { isObject, parsed } from "./format.ts";
import { remembered, shared } from "./storage.ts";

const AGENTS = "agents";

/** The names of agents that were asked from this browser: the gateway does not tell which there are. */
function showAgents(): void {
  const options = shared.get<string[]>(AGENTS, []).map((name) => new Option(name, name));
  $("agents").replaceChildren(...options);
}

function rememberAgent(name: string): void {
  const others = shared.get<string[]>(AGENTS, []).filter((other) => other !== name);
  shared.set(AGENTS, [name, ...others].slice(0, 20));
  showAgents();
}

/** An object of a JSON text, or a message beside its field. */
function objectIn(id: string, text: string, what: string): Record<string, unknown> | null {
  const value = parsed(text);
  const problem =
    value === undefined
      ? `${what} must be JSON. ${whyNot(text)}`
      : isObject(value)
        ? null
        : `${what} must be a JSON object, such as {"language": "en"}.`;
  fieldError(id, problem);
  return isObject(value) ? value : null;
}

function whyNot(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return `${(error as Error).message}.`;
  }
  return "";
}

export const isInput = (): boolean => field("as-input").checked;

/** What is asked by a text and the options; null, and a message, if they do not fit. */
export function askedBy(text: string, input: Record<string, unknown> | null = null): Asked | null {
  fieldError("parameters", null);
  fieldError("prompt", null);
  const agent = field("agent").value.trim();
  const whole = input ?? (isInput() ? objectIn("prompt", text, "The input") : null);
  if (isInput() && !whole) return fail("prompt");
  const given = field("parameters").value.trim();
  const parameters = given ? objectIn("parameters", given, "Parameters") : null;
  if (given && !parameters) return fail("parameters");
  if (parameters && whole) {
    fieldError("parameters", "Parameters go with a text only. Put them into the input, or empty this field.");
    return fail("parameters");
  }
  if (agent) rememberAgent(agent);
  return { ...(whole ? { input: whole } : { prompt: text }), ...(agent && { agent }), ...(parameters && { parameters }) };
}

function fail(id: string): null {
  if (id === "parameters") $<HTMLDetailsElement>("options").open = true;
  $(id).focus();
  return null;
}

function showSummary(): void {
  const agent = field("agent").value.trim();
  const parts = [agent && `agent ${agent}`, field("parameters").value.trim() && "parameters", isInput() && "JSON input"].filter(
    Boolean,
  );
  $("options-summary").textContent = parts.length ? `Options: ${parts.join(", ")}` : "Options";
  field("prompt").placeholder = isInput() ? '{"prompt": "The agent\'s whole input, as JSON"}' : "Ask the agent";
  $("prompt").classList.toggle("mono", isInput());
}

export function startOptions(): void {
  for (const id of ["agent", "parameters"]) field(id).value = remembered.get(id) ?? "";
  field("as-input").checked = remembered.get("as-input") === "yes";
  for (const id of ["agent", "parameters", "as-input"]) {
    field(id).addEventListener("input", () => {
      remembered.set(id, id === "as-input" ? (isInput() ? "yes" : "") : field(id).value);
      fieldError("parameters", null);
      showSummary();
    });
  }
  showAgents();
  showSummary();
}
