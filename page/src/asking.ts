import type { AttachedFile } from "./attachments.ts";
import type { Asked } from "./chats.ts";
import { connect } from "./connection.ts";
import { copyMenu } from "./copy-as.ts";
import { current } from "./current.ts";
import { client, isClosed } from "./gateway.ts";
import { optionsOf, promptOf, showTitle } from "./session.ts";
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

export function startAsking(): void {
  actions.of = (turn) => ({
    stop: () => stop(turn()),
    again: () => again(turn()),
    copyAs: (from) => copyMenu(from, () => ({ ...(turn().asked ?? { prompt: turn().label }), sessionId: current.sessionId })),
  });
}
