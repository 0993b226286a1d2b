import { requestIdProblem } from "../ids.ts";

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/**
 * A request id for a run's id: that itself where it keeps the gateway's rule, else what can be kept of it and a hash. The same run gets
 * the same one, so that it is not run twice.
 */
export function requestIdOf(runId: string): string {
  if (!requestIdProblem(runId)) return runId;
  return `${runId.replace(/[^A-Za-z0-9._-]/g, "-").slice(0, 40)}-${hash(runId)}`;
}

/** FNV-1a of 64 bits. `crypto.subtle` is missing on pages that came by plain http, and it is not about secrets. */
function hash(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const value = bytes.reduce((sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * PRIME), OFFSET);
  return value.toString(16).padStart(16, "0");
}
