// The built package on the Node that is installed, with the WebSocket of `ws` where that has none.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { GatewayClient } from "agentcore-gateway-client";
import { WebSocket } from "ws";

const program = process.env.GATEWAY_BIN ?? fileURLToPath(new URL("../../../target/debug/agentcore-gateway", import.meta.url));
const server = spawn(program, ["--listen", "127.0.0.1:0", "--log", "warn"], { stdio: ["ignore", "pipe", "inherit"] });
const url = await new Promise((resolve) => {
  createInterface({ input: server.stdout }).on("line", (line) => {
    const address = /ws:\/\/[\w.:[\]]+\//.exec(line);
    if (address) resolve(address[0]);
  });
});
const gateway = new GatewayClient({ url, WebSocket });
try {
  const text = await gateway.prompt("count to 20").result();
  assert.equal(text, Array.from({ length: 20 }, (_, at) => `${at + 1} `).join(""));
  assert.equal(await gateway.prompt("x".repeat(100_000)).ending.then(({ outcome }) => outcome), "completed");
  console.log(`The package works on Node ${process.version}.`);
} finally {
  gateway.close();
  server.kill();
}
