import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** What the agent sends: data as an event, a pair as an event with a name, or nothing before a promise is kept. */
export type Said = { data: unknown; name?: string } | Promise<unknown>;

/** An agent by the contract of AgentCore that answers each invocation with what `answer` gives for its body. */
export async function startAgent(context: TestContext, answer: (body: any) => Iterable<Said>): Promise<string> {
  const server = createServer(async (request, response) => {
    if (request.url === "/ping") return void response.end('{"status":"Healthy"}');
    const body = JSON.parse(await read(request));
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    for (const said of answer(body)) {
      if (said instanceof Promise) await said;
      else response.write(sse(said));
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function sse({ data, name }: { data: unknown; name?: string }): string {
  return `${name ? `event: ${name}\n` : ""}data: ${JSON.stringify(data)}\n\n`;
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += piece;
  return text;
}

/** A promise that the test keeps. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`It never held: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
