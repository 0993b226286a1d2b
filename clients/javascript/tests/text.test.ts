import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TextReader, textOf } from "../src/text.ts";
import { numbered, vectors } from "./vectors.ts";

for (const { name, events, text } of vectors<{ text: string[] }>("text.json")) {
  test(`text: ${name}`, () => {
    const reader = new TextReader();
    assert.deepEqual(
      numbered(events).map((event) => reader.read(event)),
      text,
    );
    assert.equal(textOf(numbered(events)), text.join(""));
  });
}

test("Any event can be read", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ name: fc.string(), data: fc.jsonValue() })), (events) => {
      assert.equal(typeof textOf(numbered(events)), "string");
    }),
  );
});
