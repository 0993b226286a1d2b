"""Many runs in one process of the worker: what each takes of its memory and of the processors' time."""

import json
import time
from collections import Counter

from function import Function
from runs import Aws

COUNTS = (1, 100, 500)
SECONDS = 10
EVENTS = 300

MAX_RUN_BYTES = 256_000
MAX_RUN_MS = 15


def prompt(number):
    body = {
        "type": "prompt",
        "version": 1,
        "principal": "anonymous",
        "sessionId": f"session-{number}",
        "requestId": f"request-{number}",
        "connectionId": f"connection-{number}",
        "agent": "default",
        "receivedAt": int(time.time() * 1000),
        "trace": {},
        "prompt": "Plan a day in Kyoto, with a temple and a place for lunch.",
    }
    attributes = {"MessageGroupId": f"group-{number}", "ApproximateReceiveCount": "1"}
    record = {"messageId": f"message-{number}", "receiptHandle": f"receipt-{number}", "body": json.dumps(body), "attributes": attributes}
    return {"Records": [record]}


def measured(program, count):
    """Memory and processor time of each of so many runs at once; the memory while all of them are under way."""
    with Aws(EVENTS, SECONDS) as aws, Function([str(program)], **aws.settings(), AWS_LAMBDA_LOG_LEVEL="WARN", AWS_LAMBDA_MAX_CONCURRENCY=str(count)) as function:
        idle, before = function.resident_bytes(), function.processor_seconds()
        function.begin([prompt(number) for number in range(count)])
        aws.half_over()
        under_way = function.resident_bytes()
        answers = function.answers(count)
        used = function.processor_seconds() - before
        if Counter(map(str, answers)) != {str({"batchItemFailures": []}): count} or aws.calls != count:
            raise RuntimeError(f"{aws.calls} runs, which answered {Counter(map(str, answers))}")
        return (under_way - idle) / count, used / count, aws.pushes / count


def figure_many(report, worker):
    report.title(f"(m) Runs at once in one worker: replies of {SECONDS} s and {EVENTS} events, all services on loopback without TLS")
    report.row("", "memory a run", "processor", "pushes")
    for count in COUNTS:
        memory, used, pushes = measured(worker, count)
        report.row(f"{count} at once", f"{memory / 1024:.0f} KiB", f"{used * 1000:.1f} ms", f"{pushes:.1f}")
    report.target("(m) at most 250 KiB a run, of 500", f"{memory / 1024:.0f} KiB", memory <= MAX_RUN_BYTES)
    report.target(f"(m) at most {MAX_RUN_MS} ms a run, of 500", f"{used * 1000:.1f} ms", used * 1000 <= MAX_RUN_MS)
