import type { AgentEvent } from "./types.ts";
export class TextReader {
  read({ data }: AgentEvent): string {
    return typeof data === "string" ? data : "";
  }
}
