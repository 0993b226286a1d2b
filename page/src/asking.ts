import type { AttachedFile } from "./attachments.ts";
import type { Asked } from "./chats.ts";
import { connect } from "./connection.ts";
import { copyMenu } from "./copy-as.ts";
import { current } from "./current.ts";
import { client, isClosed } from "./gateway.ts";
import { optionsOf, promptOf, showTitle } from "./session.ts";
import { toast } from "./toast.ts";
import type { Turn } from "./turn.ts";
import { actions, followChat, followRun, later, save, showStop } from "./turns.ts";

/** Connects if need be; a prompt waits until the connection is there. */
export const ready = (): boolean => !isClosed() || connect();

export function submit(asked: Asked, label = labelOf(asked), files: AttachedFile[] = [], requestId?: string): Turn {
  const options = { ...optionsOf(asked), sessionId: current.sessionId, ...(requestId && { requestId }) };
  const turn = followRun(client.prompt(promptOf(asked), options));
  turn.asked = asked;
  turn.setLabel(label, files);
  save(turn);
  showTitle();
  showStop();
  followChat(true);
  return turn;
}

export function labelOf({ prompt, input }: Asked): string {
  return prompt ?? JSON.stringify(input, null, 2) ?? "";
}

/** Also one of another tab, or of a page before: it is taken up first. */
export function stop(turn: Turn): void {
  const { sessionId } = current;
  const { requestId } = turn;
  if (turn.run) return void turn.run.stop();
  if (!ready()) return;
  client.resume({ sessionId, requestId }).then(
    (run) => void run?.stop(),
    () => later(turn),
  );
}

function again(turn: Turn): void {
  if (turn.asked && ready()) submit(turn.asked, turn.label, turn.files);
}

/** Asks for the events of a run that this page knows only as it was kept. */
async function fetchAgain({ requestId }: Turn): Promise<void> {
  if (!ready()) return;
  const run = await client.resume({ sessionId: current.sessionId, requestId }).catch(() => null);
  if (run) followRun(run);
  const ending = await run?.ending;
  const isGone = ending?.outcome === "failed" && ["replay_expired", "not_found", "no_ending"].includes(ending.code);
  if (!run || isGone) toast("The gateway no longer has them: it keeps a run for an hour after its end.");
}

export function startAsking(): void {
  actions.of = (turn) => ({
    stop: () => stop(turn()),
    fetch: () => void fetchAgain(turn()),
    again: () => again(turn()),
    copyAs: (from) => copyMenu(from, () => ({ ...(turn().asked ?? { prompt: turn().label }), sessionId: current.sessionId })),
  });
}
