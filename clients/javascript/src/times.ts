import type { Times } from "./types.ts";

/** What the client waits for, in milliseconds. */
export const TIMES: Times = {
  ping: 300_000,
  probe: 5_000,
  dead: 9_500,
  connect: 30_000,
  silence: 60_000,
  ask: 5_000,
  answer: 35_000,
  queued: 300_000,
  window: 3_600_000,
  renew: 6_600_000,
  backoffBase: 500,
  backoffCap: 30_000,
  tick: 1_000,
};

/** Time that only goes on, whatever is done to the clock on the wall. */
export const now = (): number => performance.now();

/** How long to wait before try number `attempt` (from 0) is made again: full jitter, so that many clients do not come at once. */
export function backoff(attempt: number, { backoffBase, backoffCap }: Times, random: () => number): number {
  return Math.round(random() * Math.min(backoffCap, backoffBase * 2 ** attempt));
}
