"""What preflight finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `ok`, `warning` or `error`, in words, and what to do about it."""

    level: str
    subject: str
    words: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"\n{'':<22}{self.remedy}" if self.remedy else ""
        return f"{self.level:<9}{self.subject:<13}{self.words}{remedy}"


def ok(subject: str, words: str) -> Finding:
    """It is as it has to be."""
    return Finding("ok", subject, words)


def warning(subject: str, words: str, remedy: str) -> Finding:
    """It works, and is probably not what is wanted; or it could not be looked at."""
    return Finding("warning", subject, words, remedy)


def error(subject: str, words: str, remedy: str) -> Finding:
    """The deploy would fail, or no prompt would get its reply."""
    return Finding("error", subject, words, remedy)
