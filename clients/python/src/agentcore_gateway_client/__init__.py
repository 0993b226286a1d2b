"""Client of agentcore-gateway: prompts to AI agents over a WebSocket, with nothing lost when a connection drops.

    async with connect("wss://…", token=…) as gateway:
        async with gateway.prompt("Plan a day in Kyoto") as run:
            async for text in run.text():
                print(text, end="")

`core` has the rules, without I/O; `shell` and `line` are the asyncio around them; `gateway`, `run` and `session` are what
a program uses; `text` reads the reply's text; `sync` is the same without asyncio.
"""

from .core.times import Times
from .errors import GatewayError, RunFailed
from .gateway import Gateway, connect
from .handshake import Auth
from .run import Run
from .session import Session
from .sigv4 import SigV4
from .text import TextReader, text_of
from .types import ConnectionSnapshot, Ending, Event, Problem

__all__ = [
    "Auth",
    "ConnectionSnapshot",
    "Ending",
    "Event",
    "Gateway",
    "GatewayError",
    "Problem",
    "Run",
    "RunFailed",
    "Session",
    "SigV4",
    "TextReader",
    "Times",
    "connect",
    "text_of",
]
