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
    """Compares what is reserved with the account's quota, and with the rest what workers may use up of it."""
    functions = aws.client("lambda")
    try:
        limit = functions.get_account_settings()["AccountLimit"]
        reserved_now = sum(_reserved(functions, f"{settings.name}-{name}") for name in settings.functions)
    except ClientError as failure:
        yield warning("concurrency", f"the quota cannot be read: {why(failure)}", "allow lambda:GetAccountSettings and lambda:GetFunctionConcurrency")
        return
    total, wanted = limit["ConcurrentExecutions"], sum(settings.reserved.values())
    # What the deployed functions have is theirs to keep; what functions of others have is not to be had.
    unreserved = limit["UnreservedConcurrentExecutions"] + reserved_now
    reservable = unreserved - UNRESERVABLE
    if wanted > max(0, reservable):
        words = f"{wanted} executions shall be reserved, and {max(0, reservable)} of {total} can be: Lambda keeps {UNRESERVABLE} for all"
        yield error("concurrency", words, f"reserve less, or {QUOTA}")
        return
    free = unreserved - wanted
    sharing = [f"{name}s" for name in ("worker", "relay") if name in settings.on_lambda and name not in settings.reserved]
    used, who = settings["maximum_concurrency"] * len(sharing), " and ".join(sharing)
    if sharing and used + LEFT_OVER > free:
        words = f"{who} may use {used} executions at once (maximum_concurrency), and {free} of {total} are not reserved: then the other functions are throttled"
        yield warning("concurrency", words, f"{QUOTA}; or set maximum_concurrency lower")
    elif sharing:
        yield ok("concurrency", f"{free} of {total} executions are not reserved, and {who} may use {used} of them")
    else:
        yield ok("concurrency", f"{free} of {total} executions are not reserved, and workers have their own")


def _reserved(functions, name: str) -> int:
    try:
        return functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0)
    except functions.exceptions.ResourceNotFoundException:
        return 0
