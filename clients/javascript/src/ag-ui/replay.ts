import { type BaseEvent, EventType, type Message } from "@ag-ui/client";

/**
 * A replay tells a run from its beginning. Where the thread has messages of it already they would grow by what they hold, so before
 * the first of them the thread is set back to what it was.
 */
export async function* setBack(events: AsyncIterable<BaseEvent>, messages: readonly Message[]): AsyncGenerator<BaseEvent> {
  let isDone = false;
  for await (const event of events) {
    const at = isDone ? -1 : messages.findIndex((message) => isOf(event as Named, message));
    if (at >= 0) {
      isDone = true;
      yield { type: EventType.MESSAGES_SNAPSHOT, messages: structuredClone(messages.slice(0, at)) } as BaseEvent;
    }
    yield event;
  }
}

interface Named {
  type: string;
  messageId?: string;
  parentMessageId?: string;
  toolCallId?: string;
}

function isOf(event: Named, message: Message): boolean {
  if (event.type === EventType.MESSAGES_SNAPSHOT) return false;
  if (event.messageId !== undefined || event.parentMessageId !== undefined) {
    return message.id === (event.messageId ?? event.parentMessageId);
  }
  const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
  return event.toolCallId !== undefined && calls.some(({ id }) => id === event.toolCallId);
}
