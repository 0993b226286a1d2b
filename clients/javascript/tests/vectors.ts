import { readFileSync } from "node:fs";
import type { AgentEvent } from "../src/types.ts";

/** Reads one of the files of vectors that the clients in every language share. */
export function vectors<T>(file: string): (T & { name: string; events: { name: string; data: unknown }[] })[] {
  return JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), "utf8"));
}

/** The events of a vector, numbered as if each had come in a frame of its own. */
export function numbered(events: readonly { name: string; data: unknown }[]): AgentEvent[] {
  return events.map((event, index) => ({ ...event, seq: index + 2 }));
}
