"""Runs that go on by themselves."""

from .functions import QUEUE_REQUESTS, RELAY_GB, RELAY_SECONDS
from .prices import (
    GB_SECOND,
    INVOCATION,
    MESSAGE,
    QUEUE_REQUEST,
    READ_UNIT,
    SECONDS_PER_HOUR,
    WRITE_UNIT,
)
from .replies import gateway
from .tables import dollars, table

# src/closer/watch.rs: how often somebody looks whether a run is alive that goes on by itself. A look is three reads, and
# its message is received and hidden again.
WATCH_SECONDS = 300
WATCH_READS = 3
WATCH_REQUESTS = 2


def hour_of_messages(counts):
    """What an hour of a run costs whose agent goes on by itself, by service; each message is relayed alone."""
    messages = SECONDS_PER_HOUR / counts["seconds_between"]
    table = counts["write_units"] * WRITE_UNIT + counts["read_units"] * READ_UNIT
    return {
        "WebSocket messages": messages * counts["pushes"] * MESSAGE,
        "relay": messages * (INVOCATION + RELAY_SECONDS * RELAY_GB * GB_SECOND),
        "table": messages * table,
        "queue": messages * QUEUE_REQUESTS * QUEUE_REQUEST,
    }


def hour_of_looks():
    """What it costs to see that such a run is alive."""
    look = WATCH_READS * READ_UNIT + WATCH_REQUESTS * QUEUE_REQUEST + INVOCATION + RELAY_SECONDS * RELAY_GB * GB_SECOND
    return SECONDS_PER_HOUR / WATCH_SECONDS * look


def hour_of_worker(counts):
    """The same hour by a worker that could wait for so long: what it pushes, writes and reads in a minute, 60 times."""
    minute = gateway(counts)
    return (minute["WebSocket messages"] + minute["worker"] + minute["table"]) * SECONDS_PER_HOUR / counts["seconds"]


def hours_table(all_messages):
    """Dollars per thousand hours: a row for each service, a column for each way to send."""
    hours = [hour_of_messages(counts) for counts in all_messages]
    rows = [[service, *(dollars(hour[service] * 1000) for hour in hours)] for service in hours[0]]
    rows.append(["**in all**", *(f"**{dollars(sum(hour.values()) * 1000)}**" for hour in hours)])
    return table(["a thousand hours", *(counts["what"] for counts in all_messages)], rows)


def counts_table(all_messages):
    """What an hour takes, in the units that are charged."""
    columns = [(counts, SECONDS_PER_HOUR // counts["seconds_between"]) for counts in all_messages]
    rows = [
        ["messages of the agent, each an invocation of `relay`", *(f"{messages:,}" for _, messages in columns)],
        ["pushes to each device", *(f"{messages * counts['pushes']:,}" for counts, messages in columns)],
        ["write units", *(f"{messages * counts['write_units']:,}" for counts, messages in columns)],
        ["read units", *(f"{messages * counts['read_units']:,}" for counts, messages in columns)],
        ["requests to the queue", *(f"{messages * QUEUE_REQUESTS:,}" for _, messages in columns)],
    ]
    return table(["an hour", *(counts["what"] for counts in all_messages)], rows)


def long_runs(all_counts, all_messages):
    """The section about runs that go on by themselves."""
    minute = next(counts for counts in all_counts if counts["seconds"] == 60)
    looks = SECONDS_PER_HOUR // WATCH_SECONDS
    return [
        "## An hour of a run that goes on by itself",
        "",
        "With `long_runs` an agent may go on for up to 8 hours after its call. It then sends what it has to say each second, and a",
        "heartbeat after 20 s of silence. No function waits meanwhile.",
        "",
        *counts_table(all_messages),
        "",
        "Dollars, one connection to the session:",
        "",
        *hours_table(all_messages),
        "",
        "- Each message reads the name of its run, the session and the end of the journal, consistently, and writes a segment",
        "  (a heartbeat: none) and the session. Both are below 1 KB here: a unit each. More than a second's words, and more",
        "  devices that are behind, write more. A further device costs its pushes, which are the messages of the first row.",
        f"- A worker that waited beside the agent and pushed each second would cost {hour_of_worker(minute) * 1000:,.2f} dollars, if one could wait for so long.",
        f"- The closer looks {looks} times an hour whether the run is alive: {hour_of_looks() * 1000:,.2f} dollars for a thousand hours.",
        "- The prompt itself comes once, and costs what one costs that is answered at once.",
        "- Messages that wait because a relay is behind share the next one: then it is less.",
        "",
    ]
