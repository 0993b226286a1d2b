"""An agent that answers as a test says, and leaves what follows to it."""

import asyncio

from sender import Sender


class Agent:
    """Answers with events; one that is a function is made of the payload."""

    def __init__(self, *events):
        self._events = events
        self._offers = asyncio.Queue()
        self.payloads = []

    async def answer(self, payload):
        self.payloads.append(payload)
        self._offers.put_nowait(payload.get("gatewayReply"))
        for event in self._events:
            yield event(payload) if callable(event) else event

    async def sender(self):
        """Who may send for the next run that it is asked for."""
        return Sender(await self._offers.get())


def marker(payload):
    return {"detached": payload["gatewayReply"]["run"]}
