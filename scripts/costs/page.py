"""The page, docs/cost.md."""

from .functions import (
    CONNECTIONS_GB,
    MESSAGE_GB,
    MESSAGE_SECONDS,
    OFFER_SECONDS,
    RELAY_GB,
    RELAY_SECONDS,
    WORKER_GB,
    WORKER_OWN_SECONDS,
)
from .instances import capacity
from .long_runs import long_runs
from .metrics import metrics
from .paces import paces_table
from .prices import (
    CONNECTION_MINUTE,
    EVENT,
    GB_SECOND,
    MILLION,
    PRICES_AS_OF,
    QUEUE_REQUEST,
    SECONDS_PER_MONTH,
    SOURCES,
)
from .replies import (
    FRAMES_BESIDES_EVENTS,
    SYNCHRONOUS_LIMIT_SECONDS,
    gateway,
    lengths_table,
    one_push_per_event,
    prompts_table,
    synchronous,
)
from .tables import table
from .uploads import READ_MB_PER_SECOND, uploads

# Lambda asks the queue by long polling; how many pollers an idle queue has is its own affair.
IDLE_POLLERS = 5
POLL_SECONDS = 20


def idle_polls():
    return SECONDS_PER_MONTH / POLL_SECONDS * IDLE_POLLERS


def page(all_counts, all_messages):
    ten = next(counts for counts in all_counts if counts["seconds"] == 10)
    ours, each, waiting = gateway(ten), one_push_per_event(ten), synchronous(ten)
    month_of_connection = SECONDS_PER_MONTH / 60 * CONNECTION_MINUTE
    return "\n".join(
        [
            "# What it costs on AWS",
            "",
            "Written by `scripts/cost` from the counts in `cost-counts.json`, which the benchmarks' figure (e) counts, and from",
            f"list prices of us-east-1 as of {PRICES_AS_OF}, without free tier and taxes. The agent itself (AgentCore, its model)",
            "is not in it, nor is data transfer; metrics and logs are where it says so. Nothing here was taken from a bill.",
            "",
            "## A million prompts",
            "",
            f"Replies of 10 s and {ten['events']} events of a word, one connection to the session, not its first prompt. US dollars.",
            "",
            *prompts_table(ten, [ours, each, waiting]),
            "",
            f"- **This gateway**: {ten['pushes']} pushes. Events share frames, every 100 ms at first and each second in the end, which is what the price hangs on:",
            f"  {ours['WebSocket messages'] / sum(ours.values()):.0%} of it are messages. A slower rhythm would be cheaper, and less like typing.",
            f"- **One push per event**: {ten['events'] + FRAMES_BESIDES_EVENTS} pushes and the same of everything else, at best: a push takes longer than the time",
            "  between two events, so such a gateway also falls behind (docs/benchmarks.md, figure (c)).",
            "- **Synchronous**: the function behind the route calls the agent, waits, and answers with the whole reply. It has no",
            "  queue and no table, so it has no order, no resume and no stop; the client sees nothing until the end. And it ends at",
            f'  {SYNCHRONOUS_LIMIT_SECONDS} s: API Gateway then tells the client "Endpoint request timed out", while the function and the agent go on, unheard',
            "  and charged. A function that pushes by itself would stream, at the price of the pushes above, but API Gateway calls",
            "  it again for each message, two at once in one session.",
            "",
            "## The pace of frames",
            "",
            "Two settings, in milliseconds, and what they do to the price and to how a reply is read. Between two frames lies a quarter of the",
            "reply's age, but no less than the first and no more than the second; the first event never waits. `accepted` is among the messages.",
            "The default was counted, the others are computed in the same way.",
            "",
            *paces_table(all_counts),
            "",
            "The page and the client packages (`smooth`) spread the words of a frame over the time to the next, so that the default reads like the",
            "first row. Programs gain nothing from more frames. `accepted`, `started` and the ending stay messages of their own: a push is one",
            "message, and a message one frame, which clients rely on.",
            "",
            "## Shorter and longer replies",
            "",
            "Dollars per million prompts; 30 events a second.",
            "",
            *lengths_table(all_counts),
            "",
            f"Waiting costs {WORKER_GB * GB_SECOND * MILLION:,.2f} dollars for a second of a million replies, whatever the agent does in it. An agent that",
            "thinks for a long time and says little is charged for little else.",
            "",
            f"With `event_bus_arn` an event for each run that ends adds {EVENT * MILLION:.2f} dollar to a million, whatever its length (run-ended.md).",
            "",
            *capacity(all_counts),
            *uploads(),
            *long_runs(all_counts, all_messages),
            *metrics(),
            "## Connections, and a month without a prompt",
            "",
            f"- A thousand connections that are open all month cost {1000 * month_of_connection:.2f} dollars. Pings are messages.",
            f"- Idle, Lambda still asks a queue for messages, {idle_polls():,.0f} times a month with {IDLE_POLLERS} pollers and {POLL_SECONDS} s each:",
            f"  {idle_polls() * QUEUE_REQUEST:.2f} dollars for each of the two queues, or with long runs four, that functions take from. Everything else",
            "  costs nothing until it is used, but for alarms and the dashboard, stored logs, table items and uploads.",
            "",
            "## What went into it",
            "",
            *table(
                ["price", "dollars", "per", "page on aws.amazon.com"],
                ([name, f"{price:,.4g}", per, source] for name, price, per, source in SOURCES),
            ),
            "",
            f"Assumed: the worker is busy for {WORKER_OWN_SECONDS} s besides the reply (claim, the call's latency, the ending), `message` for",
            f"{MESSAGE_SECONDS * 1000:.0f} ms, `connections` for {OFFER_SECONDS * 1000:.0f} ms to offer a place, `relay` for {RELAY_SECONDS * 1000:.0f} ms; uploads are",
            f"read at {READ_MB_PER_SECOND} MB/s; the number of idle pollers; the memory that terraform/ gives them ({WORKER_GB * 1024:.0f}, {MESSAGE_GB * 1024:.0f}, {CONNECTIONS_GB * 1024:.0f} and {RELAY_GB * 1024:.0f} MB);",
            "every message at most 32 KB; one ReceiveMessage and one DeleteMessage for each prompt and each message of an agent.",
            "",
        ]
    )
