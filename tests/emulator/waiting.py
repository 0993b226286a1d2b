"""Waiting for what the emulator gives no event for."""

import time

PAUSE = 0.05


def until(condition, what, seconds=10):
    """Returns what `condition` returns as soon as it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(PAUSE)
    return result
