import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { GatewayClient } from "../../src/client.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** A program that prints a line which matches, from then on until the test ends; gives what matched. */
export async function start(context: TestContext, command: string, args: string[], line: RegExp): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => ended(child));
  for await (const text of createInterface({ input: child.stdout })) {
    const match = line.exec(text);
    if (match) return match[0];
  }
  throw new Error(`${command} ended before it said where it is`);
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill();
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("exit", resolve));
}

/** The real gateway, in front of the agent at `agent`; gives its address. */
export function startGateway(context: TestContext, agent: string): Promise<string> {
  const program = process.env.GATEWAY_BIN ?? `${ROOT}target/debug/agentcore-gateway`;
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build, or name another in GATEWAY_BIN`);
  return start(context, program, ["--listen", "127.0.0.1:0", "--log", "warn", "--agent", agent], /ws:\/\/[\w.:[\]]+\//);
}

/** A Python program of tests/clients, in the environment that `make test` makes; gives the address that it prints. */
export function startPython(context: TestContext, file: string): Promise<string> {
  const python = process.env.CLIENTS_PYTHON ?? `${ROOT}.venv/bin/python`;
  return start(context, python, ["-u", `${ROOT}tests/clients/${file}`], /http:\/\/\S+/);
}

/** A client until the test ends. */
export function clientOf(context: TestContext, url: string): GatewayClient {
  const client = new GatewayClient({ url });
  context.after(() => client.close());
  return client;
}
