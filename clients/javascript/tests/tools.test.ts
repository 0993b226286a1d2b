import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ToolChange, ToolReader } from "../src/tools.ts";
import { numbered, vectors } from "./vectors.ts";

for (const { name, events, tools } of vectors<{ tools: ToolChange[][] }>("tools.json")) {
  test(`tools: ${name}`, () => {
    const reader = new ToolReader();
    assert.deepEqual(
      numbered(events).map((event) => reader.read(event)),
      tools,
    );
  });
}

test("What a run that completed leaves open has its input then", () => {
  const reader = new ToolReader();
  reader.read({ name: "message", data: { type: "TOOL_CALL_CHUNK", toolCallId: "c1", toolCallName: "now" }, seq: 2 });
  assert.deepEqual(reader.end(), [{ id: "c1", input: {} }]);
  assert.deepEqual(reader.end(), []);
});

test("Any event can be read", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ name: fc.string(), data: fc.jsonValue() })), (events) => {
      const reader = new ToolReader();
      for (const event of numbered(events)) assert.ok(Array.isArray(reader.read(event)));
    }),
  );
});
