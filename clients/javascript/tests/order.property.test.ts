import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NumberedFrame } from "../src/protocol.ts";
import { AgentRun } from "../src/run.ts";

const ids = { requestId: "r", sessionId: "s" };
const output = (seq: number, event: string): NumberedFrame => ({ type: "output", ...ids, seq, events: [event] });

/** A run: so many durable frames, and others that were pushed before its worker died. */
const runs = fc.record({
  durable: fc.integer({ min: 1, max: 12 }),
  voided: fc.integer({ min: 0, max: 6 }),
  /** In which order frames arrive, some of them several times and others never. */
  arrivals: fc.array(fc.nat(17), { maxLength: 60 }),
});

test("whatever arrives in whatever order: each event once, in order, and none that is void", () => {
  fc.assert(
    fc.property(runs, ({ durable, voided, arrivals }) => {
      const journal: NumberedFrame[] = [{ type: "started", ...ids, seq: 1 }];
      for (let seq = 2; seq <= durable; seq += 1) journal.push(output(seq, `e${seq}`));
      const lost = Array.from({ length: voided }, (_, at) => output(durable + 1 + at, `void${at}`));
      const ending: NumberedFrame = {
        type: "failed",
        ...ids,
        seq: durable + 1,
        code: "interrupted",
        message: "",
        retryable: true,
      };
      const pushed = [...journal, ...lost];

      const run = new AgentRun({ ...ids, prompt: "p", onStop: () => {}, onEnd: () => {} });
      for (const at of arrivals) if (pushed[at]) run.take(pushed[at]);
      const seen = run.getSnapshot().events.map(({ data }) => data);
      assert.deepEqual(
        seen,
        pushed.slice(1, 1 + seen.length).map((frame) => ("events" in frame ? frame.events[0] : null)),
      );

      // What a client does then: it resumes from what it has, and if nothing comes of that from the start.
      const replay = [...journal, ending];
      for (const frame of replay.filter(({ seq }) => seq > run.order.after)) run.take(frame);
      if (!run.hasEnded) {
        run.order.restart();
        for (const frame of replay) run.take(frame);
      }
      assert.ok(run.hasEnded);
      const kept = run.getSnapshot().events.map(({ data }) => data);
      assert.deepEqual(
        kept,
        journal.slice(1).map((frame) => ("events" in frame ? frame.events[0] : null)),
      );
    }),
    { numRuns: 2_000 },
  );
});
