"""Runs the emulator, which is to answer faster and to say what it refuses."""

import socketserver

# Python's HTTP servers answer in small writes, which Nagle's algorithm delays by 40 ms each.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True
socketserver.StreamRequestHandler.wbufsize = -1

from ministack.app import main  # behind what its servers must see set
from ministack.core import iam_evaluator

enforce = iam_evaluator.enforce


def enforce_and_tell(access_key, action, *arguments, **keywords):
    """Tests wait for a refusal: without it nobody would know that a function has tried."""
    denied = enforce(access_key, action, *arguments, **keywords)
    if denied:
        print("DENIED", action, getattr(denied, "principal_arn", "nobody"), flush=True)
    return denied


iam_evaluator.enforce = enforce_and_tell
main()
