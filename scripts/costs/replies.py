"""A prompt and its reply: this gateway, and other ways to do it."""

from .functions import (
    MESSAGE_GB,
    MESSAGE_SECONDS,
    QUEUE_REQUESTS,
    WORKER_GB,
    WORKER_OWN_SECONDS,
)
from .prices import (
    GB_SECOND,
    INVOCATION,
    MESSAGE,
    MILLION,
    QUEUE_REQUEST,
    READ_UNIT,
    WRITE_UNIT,
)
from .tables import dollars, table

# The prompt, and `accepted`.
OTHER_MESSAGES = 2
# `started` and the ending are frames of their own.
FRAMES_BESIDES_EVENTS = 2

SYNCHRONOUS_LIMIT_SECONDS = 29


def gateway(counts, pushes=None):
    """What a prompt costs, by service."""
    pushes = counts["pushes"] if pushes is None else pushes
    return {
        "WebSocket messages": (OTHER_MESSAGES + pushes) * MESSAGE,
        "worker": INVOCATION + (counts["seconds"] + WORKER_OWN_SECONDS) * WORKER_GB * GB_SECOND,
        "`message`": INVOCATION + MESSAGE_SECONDS * MESSAGE_GB * GB_SECOND,
        "table": table_writes(counts) * WRITE_UNIT + counts["read_units"] * READ_UNIT,
        "queue": (QUEUE_REQUESTS + counts["visibility_changes"]) * QUEUE_REQUEST,
    }


def table_writes(counts):
    return counts["write_units"] - counts["write_units_of_first_prompt_only"]


def one_push_per_event(counts):
    return gateway(counts, counts["events"] + FRAMES_BESIDES_EVENTS)


def synchronous(counts):
    """A function behind the route that waits for the whole reply, which is its answer: a prompt and one message."""
    waiting = counts["seconds"] + WORKER_OWN_SECONDS
    return {
        "WebSocket messages": 2 * MESSAGE,
        "worker": INVOCATION + waiting * WORKER_GB * GB_SECOND,
        "`message`": 0.0,
        "table": 0.0,
        "queue": 0.0,
    }


def possible(counts):
    return counts["seconds"] + WORKER_OWN_SECONDS < SYNCHRONOUS_LIMIT_SECONDS


def prompts_table(counts, prices):
    """Dollars per million prompts: a row for each service, a column for each of the ways."""
    services = list(prices[0])
    rows = [[service, *(dollars(price[service] * MILLION) for price in prices)] for service in services]
    rows.append(["**in all**", *(f"**{dollars(sum(price.values()) * MILLION)}**" for price in prices)])
    heads = [f"{counts['seconds']} s, {counts['events']:,} events", "this gateway", "one push per event", "synchronous"]
    return table(heads, rows)


def lengths_table(all_counts):
    rows = (
        [
            f"{counts['seconds']} s",
            f"{counts['events']:,}",
            counts["pushes"],
            table_writes(counts),
            counts["read_units"],
            QUEUE_REQUESTS + counts["visibility_changes"],
            *(dollars(sum(way(counts).values()) * MILLION) for way in (gateway, one_push_per_event)),
            dollars(sum(synchronous(counts).values()) * MILLION) if possible(counts) else "impossible",
        ]
        for counts in all_counts
    )
    heads = ["reply", "events", "pushes", "write units", "read units", "queue requests", "this gateway", "one push per event"]
    return table([*heads, "synchronous"], rows)
