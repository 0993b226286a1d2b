import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";
import type { Gateway } from "../client.ts";
import { GatewayError } from "../errors.ts";
import type { Prompt, Run } from "../types.ts";
import { chunksOf } from "./chunks.ts";
import { type Asked, allMessages, lastMessage } from "./prompt.ts";

type SendOptions<MESSAGE extends UIMessage> = Parameters<ChatTransport<MESSAGE>["sendMessages"]>[0];
type ReconnectOptions = Parameters<ChatTransport<UIMessage>["reconnectToStream"]>[0];

export interface GatewayChatTransportOptions<MESSAGE extends UIMessage = UIMessage> {
  client: Gateway;
  /**
   * What of the conversation is sent: the user's last message (default), for agents that keep the conversation by its session; or all
   * of it too, as the body's member `messages`, for those that keep none.
   */
  history?: "last" | "all";
  /** The name of a configured agent. Default: the default agent. */
  agent?: string;
  /** The session of a chat. Default: the chat's id. */
  sessionId?: string | ((chatId: string) => string);
  /** Makes the prompt itself, in place of `history`. */
  prompt?: (options: SendOptions<MESSAGE>) => Prompt | Promise<Prompt>;
  /**
   * Whether a reply that has ended is given again to a chat that resumes. Default: no, for the page may have it. Say yes if the page
   * keeps replies under the ids that they came with, or keeps none: a reply's id is its request's, so it is never there twice.
   */
  replayEnded?: boolean;
}

/**
 * A transport for the AI SDK's `useChat` and `Chat`, through the gateway.
 *
 *     const transport = new GatewayChatTransport({ client: new GatewayClient({ url }) });
 *     const chat = useChat({ id, transport, resume: true });
 *
 * Stopping a chat stops the run, on whatever device it was asked. `useChat` stops its chat when its component goes away: to leave a
 * reply running behind another page, keep the `Chat` outside and give it to `useChat`.
 */
export class GatewayChatTransport<MESSAGE extends UIMessage = UIMessage> implements ChatTransport<MESSAGE> {
  /** A chat that resumes gets the reply from its beginning. */
  readonly resumeStreamIsReplay = true;
  readonly #options: GatewayChatTransportOptions<MESSAGE>;
  #reconnects = 0;

  constructor(options: GatewayChatTransportOptions<MESSAGE>) {
    this.#options = options;
  }

  /** Asks the agent. `body` is merged into the agent's invocation body; headers do not exist on a WebSocket. */
  async sendMessages(options: SendOptions<MESSAGE>): Promise<ReadableStream<UIMessageChunk>> {
    const { client, agent } = this.#options;
    const { prompt, parameters } = await this.#asked(options);
    const run = client.prompt(prompt, {
      ...(parameters && { parameters }),
      sessionId: this.#sessionId(options.chatId),
      ...(agent !== undefined && { agent }),
      ...(options.abortSignal && { signal: options.abortSignal }),
    });
    // What continues a message of the assistant, such as the result of a tool, stays in it.
    const isContinued = options.trigger === "submit-message" && options.messages.at(-1)?.role === "assistant";
    return streamOf(run, isContinued ? undefined : run.requestId);
  }

  /** The reply that is on its way, from its beginning; null if there is none. */
  async reconnectToStream({ chatId, abortSignal }: ReconnectOptions): Promise<ReadableStream<UIMessageChunk> | null> {
    this.#reconnects += 1;
    const latest = await this.#latest(chatId, abortSignal);
    if (!latest) return null;
    const { endedUnseen, ending } = latest.getSnapshot();
    if ((endedUnseen || ending) && !this.#options.replayEnded) return null;
    this.#stopOnAbort(latest, abortSignal);
    return streamOf(latest, latest.requestId);
  }

  async #latest(chatId: string, signal?: AbortSignal) {
    try {
      return await this.#options.client.resume({ sessionId: this.#sessionId(chatId), ...(signal && { signal }) });
    } catch (error) {
      if (error instanceof GatewayError && error.code === "replay_expired") return null;
      throw error;
    }
  }

  #sessionId(chatId: string): string {
    const { sessionId = chatId } = this.#options;
    return typeof sessionId === "function" ? sessionId(chatId) : sessionId;
  }

  /** A chat also aborts a resume when it begins another, in the same breath: then nobody wants the run stopped. */
  #stopOnAbort(run: Run, signal: AbortSignal | undefined): void {
    const stop = () => {
      const before = this.#reconnects;
      queueMicrotask(() => before === this.#reconnects && void run.stop());
    };
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    void run.ending.then(() => signal?.removeEventListener("abort", stop));
  }

  async #asked(options: SendOptions<MESSAGE>): Promise<Asked> {
    const { prompt, history } = this.#options;
    const body = { ...options.body };
    if (prompt) return { prompt: await prompt(options) };
    return history === "all" ? allMessages(options.messages, body) : lastMessage(options.messages, body);
  }
}

/** Whoever cancels the stream reads no more; the run goes on. */
function streamOf(run: Run, messageId: string | undefined): ReadableStream<UIMessageChunk> {
  const chunks = chunksOf(run, messageId);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void chunks.return(undefined),
  });
}
