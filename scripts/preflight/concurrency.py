"""Whether workers leave the other functions something of the account's concurrency."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from .aws import Aws, why
from .finding import Finding, error, ok, warning
from .settings import Settings

#: What Lambda keeps from being reserved (Lambda developer guide, "Configuring reserved concurrency").
UNRESERVABLE = 100
#: What is left for connecting, sending and the closer: without it `$connect` is throttled.
LEFT_OVER = 10
QUOTA = 'raise the quota "Concurrent executions" of Lambda (L-B99A9384) in Service Quotas; 1000 is usual, new accounts often have 10'


def look(aws: Aws, settings: Settings) -> Iterator[Finding]:
    """Compares what workers may use up, and what is reserved, with the account's quota."""
    functions = aws.client("lambda")
    try:
        limit = functions.get_account_settings()["AccountLimit"]
        reserved_now = sum(_reserved(functions, f"{settings.name}-{name}") for name in settings.functions)
    except ClientError as failure:
        yield warning("concurrency", f"the quota cannot be read: {why(failure)}", "allow lambda:GetAccountSettings and lambda:GetFunctionConcurrency")
        return
    total, wanted = limit["ConcurrentExecutions"], sum(settings.reserved.values())
    # What the deployed functions have is theirs to keep.
    reservable = limit["UnreservedConcurrentExecutions"] + reserved_now - UNRESERVABLE
    if wanted > max(0, reservable):
        words = f"{wanted} executions shall be reserved, and {max(0, reservable)} of {total} can be: Lambda keeps {UNRESERVABLE} for all"
        yield error("concurrency", words, f"reserve less, or {QUOTA}")
    workers = settings["maximum_concurrency"] * (2 if settings.has_long_runs else 1)
    if workers + LEFT_OVER > total - wanted:
        who = "workers and relays" if settings.has_long_runs else "workers"
        words = f"{who} may use {workers} executions at once (maximum_concurrency), and the account has {total}: then nobody can connect"
        yield warning("concurrency", words, f"{QUOTA}; or set maximum_concurrency lower")
    elif wanted <= reservable or not wanted:
        yield ok("concurrency", f"{total} executions, of which workers may use {workers}")


def _reserved(functions, name: str) -> int:
    try:
        return functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0)
    except functions.exceptions.ResourceNotFoundException:
        return 0
