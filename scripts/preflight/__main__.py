"""Prints what it finds, and exits with 1 if that has an error.

    python -m preflight expression               what `terraform console` is to be asked
    … | python -m preflight account|archives     looks at the account, or at the archives; reads the console's answer
"""

import sys
from collections.abc import Iterator

from . import account, archives, concurrency, logs_role, runtimes
from .aws import Aws
from .finding import Finding
from .settings import Settings, expression


def of_account(settings: Settings) -> Iterator[Finding]:
    """Without credentials nothing else can be looked at."""
    aws = Aws(settings["aws_region"])
    yield from account.look(aws)
    if aws.account:
        yield from concurrency.look(aws, settings)
        yield from logs_role.look(aws, settings)
        yield from runtimes.look(aws, settings)
        yield from archives.look_in_s3(aws, settings)


PARTS = {"account": of_account, "archives": archives.look}


def main() -> int:
    match sys.argv[1:]:
        case ["expression"]:
            print(expression())
            return 0
        case [part] if part in PARTS:
            return look(part)
    print(__doc__, file=sys.stderr)
    return 2


def look(part: str) -> int:
    try:
        settings = Settings.parse(sys.stdin.read())
    except ValueError as failure:
        print(f"preflight: {failure}", file=sys.stderr)
        return 1
    levels = []
    for finding in PARTS[part](settings):
        print(finding, flush=True)
        levels.append(finding.level)
    return 1 if "error" in levels else 0


sys.exit(main())
