"""What the worker runs on: Lambda's own environments, or Lambda Managed Instances."""

import math

from .functions import WORKER_OWN_SECONDS
from .metrics import fixed_month, logged_bytes
from .prices import INSTANCE_HOUR, INVOCATION, LOGGED_GB, MANAGEMENT, MILLION, SECONDS_PER_HOUR, SECONDS_PER_MONTH
from .replies import gateway
from .tables import dollars, table

# terraform/variables-capacity.tf: runs at once in an environment, and the fewest environments.
MAX_RUNS = 250
MIN_ENVIRONMENTS = 3
# Assumed: an instance of 2 processors and 4 GiB holds one environment of 2 GiB.
INSTANCE_PROCESSORS = 2
# Assumed: the busiest hour has so many times the prompts of an average one, and instances are not given back meanwhile.
PEAK = 3
# Assumed: Lambda adds instances before more than so much of the processors is used.
USED = 0.5
# Twice what figure (m) of the benchmarks measures without TLS.
RUN_PROCESSOR_SECONDS = 0.02
PROCESSOR_SECONDS_PER_REPLY_SECOND = RUN_PROCESSOR_SECONDS / 10

# The most that an event source takes for maximum_concurrency.
MOST_RUNS = 1000

MONTHS = [MILLION, 10 * MILLION, 100 * MILLION]


def instances(counts, prompts):
    """How many instances it takes for so many prompts a month."""
    a_second = PEAK * prompts / SECONDS_PER_MONTH
    by_runs = a_second * (counts["seconds"] + WORKER_OWN_SECONDS) / MAX_RUNS
    by_processors = a_second * processor_seconds(counts) / (INSTANCE_PROCESSORS * USED)
    return max(MIN_ENVIRONMENTS, math.ceil(by_runs), math.ceil(by_processors))


def processor_seconds(counts):
    return counts["seconds"] * PROCESSOR_SECONDS_PER_REPLY_SECOND


def idle_share(counts, prompts):
    """How much of the processors that are paid for nobody uses."""
    paid = instances(counts, prompts) * INSTANCE_PROCESSORS * SECONDS_PER_MONTH
    return 1 - prompts * processor_seconds(counts) / paid


def instances_month(count):
    return count * INSTANCE_HOUR * MANAGEMENT * SECONDS_PER_MONTH / SECONDS_PER_HOUR


def on_lambda(counts, prompts):
    """What a prompt costs, metrics and logs included."""
    return sum(gateway(counts).values()) + logged_bytes(counts) * LOGGED_GB / 1000**3 + fixed_month() / prompts


def on_instances(counts, prompts):
    worker = INVOCATION + instances_month(instances(counts, prompts)) / prompts
    return on_lambda(counts, prompts) - gateway(counts)["worker"] + worker


def pays_from(counts):
    """From how many prompts a month on instances are cheaper, as far as two digits say."""
    tries = (digits * 10**power for power in range(4, 9) for digits in range(10, 100))
    return next(prompts for prompts in tries if on_instances(counts, prompts) < on_lambda(counts, prompts))


def bound(counts):
    """How many prompts a month have as many runs in the busiest hour as an event source begins at once."""
    return MOST_RUNS * SECONDS_PER_MONTH / PEAK / (counts["seconds"] + WORKER_OWN_SECONDS)


def millions(number):
    """As far as two digits say."""
    digits = max(0, 1 - math.floor(math.log10(number / MILLION)))
    return f"{number / MILLION:,.{digits}f} million"


def capacity(all_counts):
    """The section about what the worker runs on."""
    rows = (
        [
            f"{counts['seconds']} s",
            f"{prompts // MILLION} million",
            dollars(on_lambda(counts, prompts) * MILLION),
            dollars(on_instances(counts, prompts) * MILLION),
            instances(counts, prompts),
            f"{idle_share(counts, prompts):.0%}",
        ]
        for counts in all_counts
        for prompts in MONTHS
    )
    breaks = ", ".join(f"{millions(pays_from(counts))} of {counts['seconds']} s" for counts in all_counts)
    bounds = ", ".join(f"{millions(bound(counts))} of {counts['seconds']} s" for counts in all_counts)
    return [
        "## What the worker runs on",
        "",
        "Dollars per million prompts with all that they bring: metrics, their lines and all others in the log, alarms and the dashboard.",
        "",
        *table(["reply", "prompts a month", '`"lambda"`', '`"managed-instances"`', "instances", "of them idle"], rows),
        "",
        f'- **`worker_capacity = "managed-instances"`** is cheaper from about these on, a month: {breaks}.',
        f"  Instances are paid all month: {instances_month(1):.0f} dollars each, at least {MIN_ENVIRONMENTS}, so with few prompts they are most of the price.",
        f"- A processor is idle while agents think. A run takes {RUN_PROCESSOR_SECONDS * 1000:.0f} ms of one in 10 s; what bounds an instance are {MAX_RUNS} runs at once (`max_runs`).",
        f"- Of one gateway at most {MOST_RUNS:,} runs are begun at once, on Lambda and on instances. In a busiest hour of {PEAK} times the average that is reached with",
        f"  {bounds} a month; beyond, prompts wait in that hour, or there are several gateways.",
        "- Reserved instances and savings plans of EC2 hold for these instances, and are not counted here.",
        "",
    ]
