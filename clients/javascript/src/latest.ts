import type { GatewayClient } from "./client.ts";
import type { FrameEvent, Run } from "./types.ts";

/** As much of the client as an adapter needs. */
export type Gateway = Pick<GatewayClient, "prompt" | "resume" | "on">;

/** The run that runs in a session, or ran last, and whether it had ended already; null where there is none. */
export async function latestRun(
  gateway: Gateway,
  sessionId: string,
  signal?: AbortSignal,
): Promise<{ run: Run; hadEnded: boolean } | null> {
  // A run that is replayed looks like one that goes on until its last frame; only the answer says that it has ended.
  let hadEnded = false;
  const off = gateway.on("frame", (event) => {
    if (isAnswer(event, sessionId)) hadEnded = ENDED.has((event.frame as { state: string }).state);
  });
  try {
    const run = await gateway.resume({ sessionId, ...(signal && { signal }) });
    return run && { run, hadEnded: hadEnded || run.getSnapshot().ending !== null };
  } finally {
    off();
  }
}

const ENDED = new Set(["completed", "failed", "stopped"]);

function isAnswer({ direction, frame }: FrameEvent, sessionId: string): boolean {
  const answer = frame as { type?: unknown; sessionId?: unknown } | null | undefined;
  return direction === "received" && answer?.type === "resumed" && answer.sessionId === sessionId;
}
