"""The pace of frames (src/worker/pace.rs): what its two settings do to the price of replies, and to how they are read."""

import math

from .prices import MILLION
from .replies import FRAMES_BESIDES_EVENTS, gateway
from .tables import dollars, table

# src/worker/pace.rs: the least and the longest time between two frames, in seconds.
DEFAULT_PACE = (0.1, 1.0)
PACES = [
    ((0.1, 0.1), "at most 0.1 s: like typing, by itself"),
    ((0.1, 0.5), "0.1 s at first, 0.5 s from the second second on"),
    (DEFAULT_PACE, "0.1 s at first, 1 s from the fourth second on: like typing where the client spreads a frame's words"),
    ((0.25, 2.0), "0.25 s at first, 2 s from the eighth second on"),
    ((1.0, 1.0), "the first one not at all, all others up to 1 s"),
]


def paced_pushes(counts, shortest, longest):
    """How many pushes a reply takes whose frames are a quarter of its age apart, between these bounds in seconds (src/worker/pace.rs)."""
    rate = counts["events"] / counts["seconds"]
    last = counts["events"] - 1
    frames, at, number = 1, 0.0, 0
    while True:
        due = at + min(longest, max(shortest, at / 4))
        come = max(math.floor(due * rate + 1e-9), number + 1)
        due = max(due, come / rate)
        if due > last / rate:
            return frames + (number < last) + FRAMES_BESIDES_EVENTS
        frames, at, number = frames + 1, due, come


def paces_table(all_counts):
    """What the two settings do to the price of replies, and to how they are read."""
    for counts in all_counts:
        assert abs(paced_pushes(counts, *DEFAULT_PACE) - counts["pushes"]) <= 1, "the pace is not what was counted"
    ten, minute = (next(counts for counts in all_counts if counts["seconds"] == seconds) for seconds in (10, 60))
    price = lambda counts, pace: dollars(sum(gateway(counts, paced_pushes(counts, *pace)).values()) * MILLION)
    rows = [
        [
            f"{pace[0] * 1000:.0f}",
            f"{pace[1] * 1000:.0f}",
            *(1 + paced_pushes(counts, *pace) for counts in (ten, minute)),
            *(price(counts, pace) for counts in (ten, minute)),
            feel,
        ]
        for pace, feel in PACES
    ]
    heads = ["`push_interval_ms`", "`max_push_interval_ms`", "messages, 10 s", "60 s", "dollars a million, 10 s", "60 s", "an event waits"]
    return table(heads, rows)
