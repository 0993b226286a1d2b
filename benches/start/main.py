"""What the functions cost on Lambda before and while they work: size, start, memory, processor time.

    python benches/start/main.py DIR    DIR holds NAME/bootstrap.zip for each function, built for this machine

`make bench` runs it, with the archives that would be deployed. It reads /proc, so it needs Linux. A missed target is
marked; only an error ends it with a status other than 0.
"""

import sys
import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from function import Function
from many import figure_many
from report import Report
from servers import Queue

NAMES = ("message", "connections", "worker", "relay", "closer", "authorizer")
RUNS = 15
PROMPTS = 2000
WARM_UP = 100
PYTHON_PROMPTS = 500

MAX_ZIP_BYTES = 2_500_000
MAX_START_MS = 10
MIN_TIMES_PYTHON = 25
MAX_RESIDENT_BYTES = 10_000_000
MAX_PROMPT_MS = 0.5

EVENT = {
    "requestContext": {
        "routeKey": "$default",
        "eventType": "MESSAGE",
        "messageDirection": "IN",
        "messageId": "message",
        "requestId": "ABCD1234=",
        "extendedRequestId": "ABCD1234=",
        "requestTime": "09/Feb/2024:18:23:28 +0000",
        "requestTimeEpoch": 1707503008941,
        "connectedAt": 1707503007396,
        "connectionId": "AAAA1234=",
        "domainName": "abcd1234.execute-api.us-east-1.amazonaws.com",
        "stage": "prod",
        "apiId": "abcd1234",
        "identity": {"sourceIp": "192.0.2.1"},
    },
    "body": '{"prompt":"Plan a day in Kyoto, with a temple and a place for lunch.","sessionId":"kyoto"}',
    "isBase64Encoded": False,
}


def megabytes(size):
    return f"{size / 1e6:.2f} MB"


def milliseconds(seconds):
    return f"{seconds * 1000:.2f} ms"


def starts(command):
    """The middle of the times from the start to the first poll, and of the memory then."""
    times, memory = [], []
    for _ in range(RUNS):
        with Function(command) as function:
            times.append(function.start_seconds)
            memory.append(function.resident_bytes())
    return median(times), median(memory)


def figure_sizes_and_starts(report, programs, python):
    report.title(f"(i) From the start to the first poll of Lambda's Runtime API; the middle of {RUNS} runs")
    report.row("", "program", "zipped", "start", "resident")
    python_start, python_resident = starts(python)
    for name, (archive, program) in programs.items():
        zipped = archive.stat().st_size
        start, resident = starts([str(program)])
        report.row(name, megabytes(program.stat().st_size), megabytes(zipped), milliseconds(start), megabytes(resident))
        report.target(f"(i) {name}: zipped at most 2.5 MB", megabytes(zipped), zipped <= MAX_ZIP_BYTES)
        report.target(f"(i) {name}: start at most {MAX_START_MS} ms", milliseconds(start), start * 1000 <= MAX_START_MS)
        ratio = python_start / start
        report.target(f"(i) {name}: at least {MIN_TIMES_PYTHON} x faster", f"{ratio:.0f} x", ratio >= MIN_TIMES_PYTHON)
        report.target(f"(i) {name}: resident at most 10 MB", megabytes(resident), resident <= MAX_RESIDENT_BYTES)
    report.row("Python with boto3", "", "", milliseconds(python_start), megabytes(python_resident))


def per_prompt(command, prompts):
    """Processor time of a prompt."""
    with Queue() as queue, Function(command, **addresses(queue)) as function:
        for _ in range(WARM_UP):
            function.invoke(EVENT)
        before = function.processor_seconds()
        for _ in range(prompts):
            function.invoke(EVENT)
        used = function.processor_seconds() - before
        if queue.sent != WARM_UP + prompts:
            raise RuntimeError(f"{queue.sent} prompts are in the queue, not {WARM_UP + prompts}")
        return used / prompts


def addresses(queue):
    url = f"http://{queue.address}"
    return {"AWS_ENDPOINT_URL": url, "PROMPTS_QUEUE_URL": f"{url}/123456789012/prompts.fifo"}


def figure_prompts(report, message, python):
    report.title(f"(j) Processor time per prompt in `message`, {PROMPTS} prompts, the queue on loopback")
    ours, theirs = per_prompt([str(message)], PROMPTS), per_prompt(python, PYTHON_PROMPTS)
    report.row("message", milliseconds(ours))
    report.row("Python with boto3", milliseconds(theirs), f"{theirs / ours:.0f} x")
    report.target(f"(j) at most {MAX_PROMPT_MS} ms per prompt", milliseconds(ours), ours * 1000 <= MAX_PROMPT_MS)


def unpacked(archive, folder):
    folder.mkdir()
    with zipfile.ZipFile(archive) as files:
        program = Path(files.extract("bootstrap", folder))
    program.chmod(0o755)
    return program


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    archives = {name: Path(arguments[0], name, "bootstrap.zip") for name in NAMES}
    missing = [str(path) for path in archives.values() if not path.exists()]
    if missing:
        sys.exit(f"{', '.join(missing)} missing: use make bench")
    report = Report()
    python = [sys.executable, str(Path(__file__).with_name("handler.py"))]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        programs = {name: (archive, unpacked(archive, folder / name)) for name, archive in archives.items()}
        figure_sizes_and_starts(report, programs, python)
        figure_prompts(report, programs["message"][1], python)
        figure_many(report, programs["worker"][1])
    report.summary()


if __name__ == "__main__":
    main(sys.argv[1:])
