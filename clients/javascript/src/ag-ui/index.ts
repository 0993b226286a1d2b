import { AbstractAgent, type AgentCapabilities, type AgentConfig, type BaseEvent, type RunAgentInput } from "@ag-ui/client";
import { Observable } from "rxjs";
import type { Gateway } from "../client.ts";
import type { Run } from "../types.ts";
import { eventsOf } from "./events.ts";
import { requestIdOf } from "./ids.ts";
import { setBack } from "./replay.ts";

/** The `Observable` of `@ag-ui/client`, which may bring another copy of rxjs than this package has. */
type Events = ReturnType<AbstractAgent["run"]>;

export interface GatewayAgentConfig extends AgentConfig {
  client: Gateway;
  /** The name of a configured agent. Default: the default agent. */
  agent?: string;
  /** What the agent can do beside what the gateway does for it. */
  capabilities?: AgentCapabilities;
}

/**
 * An AG-UI agent behind the gateway. A thread is a session, a run a request.
 *
 *     const agent = new GatewayAgent({ client: new GatewayClient({ url }), threadId });
 *     await agent.runAgent({}, { onTextMessageContentEvent: ({ event }) => show(event.delta) });
 *
 * `connectAgent` shows the run that is on its way, or the last one, from its beginning: after a reload, or on another device. To detach
 * or unsubscribe leaves the run running; `abortRun` stops it. Agents of other frameworks are shown as AG-UI too.
 */
export class GatewayAgent extends AbstractAgent {
  // No #private fields: `clone` makes an agent without calling its constructor.
  private client: Gateway;
  private agent: string | undefined;
  private capabilities: AgentCapabilities | undefined;
  private aborting: AbortController | undefined;

  constructor({ client, agent, capabilities, ...config }: GatewayAgentConfig) {
    super(config);
    this.client = client;
    this.agent = agent;
    this.capabilities = capabilities;
  }

  /** Sends the input as the agent's whole invocation body. A run whose id was sent before is shown, not run again. */
  override run(input: RunAgentInput): Events {
    return this.observe(({ signal }) => {
      const run = this.client.prompt(
        { input: { ...input } },
        {
          sessionId: input.threadId,
          requestId: requestIdOf(input.runId),
          signal,
          ...(this.agent !== undefined && { agent: this.agent }),
        },
      );
      return eventsOf(run, { threadId: input.threadId, runId: input.runId });
    });
  }

  protected override connect(input: RunAgentInput): Events {
    return this.observe(async ({ signal }) => {
      const run = await this.client.resume({ sessionId: input.threadId, signal });
      if (!run) return null;
      stopOnAbort(run, signal);
      const events = eventsOf(run, { threadId: input.threadId, runId: run.requestId });
      return setBack(events, this.messages);
    });
  }

  /** Stops the run, on whatever device it was asked. */
  override abortRun(): void {
    this.aborting?.abort();
    super.abortRun();
  }

  override clone(): GatewayAgent {
    const clone: GatewayAgent = super.clone();
    clone.client = this.client;
    clone.agent = this.agent;
    clone.capabilities = structuredClone(this.capabilities);
    clone.aborting = undefined;
    return clone;
  }

  /** What the gateway does for any agent; the agent's own are in the configuration. */
  override async getCapabilities(): Promise<AgentCapabilities> {
    const transport = { streaming: true, websocket: true, resumable: true };
    return { ...this.capabilities, transport: { ...transport, ...this.capabilities?.transport } };
  }

  private observe(open: (controller: AbortController) => Opened | Promise<Opened>): Events {
    return new Observable<BaseEvent>((subscriber) => {
      const controller = new AbortController();
      this.aborting = controller;
      let events: AsyncGenerator<BaseEvent> | null = null;
      const pass = async () => {
        events = await open(controller);
        for await (const event of events ?? []) {
          if (subscriber.closed) return;
          subscriber.next(event);
        }
        subscriber.complete();
      };
      pass().catch((error) => subscriber.error(error));
      return () => void events?.return(undefined);
    }) as unknown as Events;
  }
}

type Opened = AsyncGenerator<BaseEvent> | null;

function stopOnAbort(run: Run, signal: AbortSignal): void {
  if (signal.aborted) void run.stop();
  else signal.addEventListener("abort", () => void run.stop(), { once: true });
}
