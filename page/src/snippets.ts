import { isObject } from "./format.ts";

/** A message as code that sends it. Tokens are never in it: it reads one from the environment if the connection had one. */
export interface Snippets {
  wscat: string;
  JavaScript: string;
  Python: string;
}

export function snippets(url: string, hasToken: boolean, message: unknown): Snippets {
  return {
    wscat: wscat(url, hasToken, message),
    JavaScript: javaScript(url, hasToken, message),
    Python: python(url, hasToken, message),
  };
}

/** For a POSIX shell. */
const quoted = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;

function wscat(url: string, hasToken: boolean, message: unknown): string {
  const token = hasToken ? ` -s bearer -s "$GATEWAY_TOKEN"` : "";
  return `wscat -c ${quoted(url)}${token} -w 60 -x ${quoted(JSON.stringify(message))}\n`;
}

/** A prompt's text or input, and what stands beside it; null for another message. */
function asked(message: unknown): { prompt: unknown; options: Record<string, unknown> } | null {
  if (!isObject(message) || message.action !== undefined || !("prompt" in message || "input" in message)) return null;
  const { prompt, input, requestId: _, ...options } = message; // a request id is for one use
  return { prompt: input ? { input } : prompt, options };
}

function javaScript(url: string, hasToken: boolean, message: unknown): string {
  const token = hasToken ? ", token: () => process.env.GATEWAY_TOKEN" : "";
  const begin = `import { GatewayClient } from "agentcore-gateway-client";\n\nconst gateway = new GatewayClient({ url: ${JSON.stringify(url)}${token} });\n`;
  const prompt = asked(message);
  if (!prompt) {
    const send = `  if (state === "open") gateway.send(${JSON.stringify(JSON.stringify(message))});\n`;
    return `${begin}gateway.on("frame", ({ direction, text }) => console.log(direction, text));\ngateway.on("connection", ({ state }) => {\n${send}});\ngateway.connect();\n`;
  }
  const given = Object.keys(prompt.options).length ? `, ${JSON.stringify(prompt.options)}` : "";
  const run = `const run = gateway.prompt(${JSON.stringify(prompt.prompt)}${given});\n`;
  return `${begin}${run}for await (const text of run.text()) process.stdout.write(text);\nconsole.log(await run.ending);\ngateway.close();\n`;
}

/** JSON's text as Python writes the same value. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, inner]) => `${JSON.stringify(key)}: ${literal(inner)}`)
      .join(", ")}}`;
  return JSON.stringify(value);
}

function python(url: string, hasToken: boolean, message: unknown): string {
  const token = hasToken ? ', token=os.environ["GATEWAY_TOKEN"]' : "";
  const imports = `import asyncio\n${hasToken ? "import os\n" : ""}`;
  const prompt = asked(message);
  if (!prompt) return pythonRaw(imports, url, hasToken, message);
  const { sessionId, ...others } = prompt.options;
  const given = Object.entries({ ...(sessionId !== undefined && { session_id: sessionId }), ...others });
  const options = given.map(([name, value]) => `, ${name}=${literal(value)}`).join("");
  const what = isObject(prompt.prompt) ? `input=${literal(prompt.prompt.input)}` : literal(prompt.prompt);
  return `${imports}
from agentcore_gateway_client import connect


async def main():
    async with connect(${JSON.stringify(url)}${token}) as gateway:
        async with gateway.prompt(${what}${options}) as run:
            async for text in run.text():
                print(text, end="", flush=True)
            print(await run.ending)


asyncio.run(main())
`;
}

/** Messages that are no prompts go over a plain WebSocket. */
function pythonRaw(imports: string, url: string, hasToken: boolean, message: unknown): string {
  const protocols = hasToken ? ', subprotocols=["bearer", os.environ["GATEWAY_TOKEN"]]' : "";
  return `${imports}import json

from websockets.asyncio.client import connect


async def main():
    async with connect(${JSON.stringify(url)}${protocols}) as socket:
        await socket.send(json.dumps(${literal(message)}))
        async for text in socket:
            print(text)


asyncio.run(main())
`;
}
