"""Checks a gateway, prints what it finds, and exits with 1 if anything fails, with 2 if it is called wrongly."""

import asyncio
import sys
import time

from . import report
from .checks import CHECKS, Check
from .gateway import Gateway
from .options import Options, parse
from .outcome import Broken, Skipped
from .times import measure


async def verify(options: Options) -> bool:
    """Makes all checks; returns whether none failed."""
    gateway = Gateway(options)
    chosen = [check for check in CHECKS if not options.only or check.name in options.only]
    lines: list[report.Line] = []
    print(report.heading())
    for check in chosen:
        lines.append(await _line(check, gateway))
        print(report.row(lines[-1]), flush=True)
        if check.name == "connect" and lines[-1].result == "FAILED":
            break
    else:
        if options.runs and not options.only:
            lines.append(await _measured(gateway))
    print(f"\n{report.summary(lines)}")
    return all(line.result != "FAILED" for line in lines)


async def _line(check: Check, gateway: Gateway) -> report.Line:
    began = time.monotonic()
    try:
        result, words = "ok", await check.make(gateway)
    except Skipped as skipped:
        result, words = "skipped", str(skipped)
    except Broken as broken:
        result, words = "FAILED", str(broken)
    return report.Line(check.name, result, time.monotonic() - began, words)


async def _measured(gateway: Gateway) -> report.Line:
    """The times, as one more check: runs that fail have none."""
    times = None

    async def make(gateway: Gateway) -> str:
        nonlocal times
        times = await measure(gateway)
        return f"{gateway.options.runs} runs, one after the other"

    line = await _line(Check("times", make), gateway)
    print(report.row(line))
    if times:
        print(f"\n{report.times_table(times)}")
    return line


def main() -> int:
    options = parse(sys.argv[1:])
    if unknown := set(options.only) - {check.name for check in CHECKS}:
        print(f"verify: there is no check {', '.join(sorted(unknown))}; there are {', '.join(check.name for check in CHECKS)}", file=sys.stderr)
        return 2
    return 0 if asyncio.run(verify(options)) else 1


sys.exit(main())
