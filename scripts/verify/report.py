"""What is printed: a table of checks as they are made, and one of times. It holds no address, token, id or reply."""

from dataclasses import dataclass, fields

from .times import Times, percentile


@dataclass(frozen=True)
class Line:
    """How one check ended: `ok`, `FAILED` or `skipped`; after how many seconds; and what was seen, or why."""

    name: str
    result: str
    seconds: float
    words: str


def heading() -> str:
    """The names of the columns."""
    return _row("check", "result", "s", "")


def row(line: Line) -> str:
    """One check."""
    return _row(line.name, line.result, f"{line.seconds:.1f}", line.words)


def times_table(times: Times) -> str:
    """The median and the 99th percentile of each time."""
    lines = [f"{'ms from sending':<16}{'p50':>8}{'p99':>8}   of {len(times.ending)} runs in one session"]
    for field in fields(times):
        values = getattr(times, field.name)
        numbers = (f"{percentile(values, percent) * 1000:>8.0f}" for percent in (50, 99))
        lines.append(f"{field.name.replace('_', ' '):<16}{''.join(numbers)}")
    return "\n".join(lines)


def summary(lines: list[Line]) -> str:
    """How many checks ended how."""
    counts = {result: sum(line.result == result for line in lines) for result in ("ok", "FAILED", "skipped")}
    return ", ".join(f"{count} {result}" for result, count in counts.items())


def _row(name: str, result: str, seconds: str, words: str) -> str:
    return f"{name:<13}{result:<9}{seconds:>6}   {words}".rstrip()
