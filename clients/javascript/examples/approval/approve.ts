import { createInterface } from "node:readline/promises";
import { GatewayClient } from "agentcore-gateway-client";
import { GatewayAgent } from "agentcore-gateway-client/ag-ui";

const [, , url = "ws://127.0.0.1:8787", threadId = "approval"] = process.argv;
const client = new GatewayClient({ url });
const agent = new GatewayAgent({ client, threadId });
const terminal = createInterface({ input: process.stdin, output: process.stdout });
terminal.on("close", () => process.exit()); // Ctrl-D; what runs goes on at the gateway

agent.subscribe({
  onTextMessageContentEvent: ({ event }) => void process.stdout.write(event.delta),
  onTextMessageEndEvent: () => console.log(),
  onToolCallEndEvent: ({ toolCallName, toolCallArgs }) => console.log(`[${toolCallName} ${JSON.stringify(toolCallArgs)}]`),
  onRunErrorEvent: ({ event }) => console.error(`${event.code}: ${event.message}`),
});

/** What the last run waits for, answered one by one. */
async function answers() {
  const resume = [];
  for (const { id, message, reason } of agent.pendingInterrupts) {
    const isApproved = /^y/i.test(await terminal.question(`${message ?? reason} [y/n] `));
    const answer = isApproved ? { status: "resolved" as const, payload: { approved: true } } : { status: "cancelled" as const };
    resume.push({ interruptId: id, ...answer });
  }
  return resume;
}

await agent.connectAgent(); // what an earlier start of this left unanswered
for (;;) {
  if (agent.pendingInterrupts.length) {
    await agent.runAgent({ resume: await answers() });
    continue;
  }
  const content = await terminal.question("> ");
  if (!content.trim()) break;
  agent.addMessage({ id: crypto.randomUUID(), role: "user", content });
  await agent.runAgent();
}
terminal.close();
