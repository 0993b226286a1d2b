"""A client that keeps the rules of docs/protocol.md, section 6, and holds the gateway to the rest of it."""

import asyncio
import json
from collections import defaultdict

from frames import Reply, parse
from websockets.asyncio.client import connect

# For the slowest of many, on a machine that does something else besides.
PATIENCE = 60


class Device:
    """It keeps its frames when its connection is lost."""

    def __init__(self, url, session):
        self._url = url
        self._session = session
        self._replies = defaultdict(Reply)
        self._answers = []
        # Every message as it came.
        self.texts = []

    async def connect(self):
        self._socket = await connect(self._url, open_timeout=PATIENCE, proxy=None)

    def cut(self):
        """Resets the connection, as a lost network does. What has come and was not read is lost with it."""
        self._socket.transport.abort()

    def reply(self, request):
        """What has come of a request's reply so far."""
        return self._replies[request]

    async def send(self, **message):
        await self._socket.send(json.dumps({"sessionId": self._session} | message))

    async def ask(self, request, prompt="work", **members):
        """Sends a prompt, which is accepted."""
        await self.send(requestId=request, prompt=prompt, **members)
        await self.answer("accepted")

    async def come_back(self, request):
        """Connects anew, and asks for what it has missed; it has not read anything yet."""
        await self.connect()
        self._answers.clear()
        await self.send(action="resume", requestId=request, after=self.reply(request).last_seq)

    async def answer(self, kind):
        """The next answer, which must be of this kind."""
        await self._until(lambda: self._answers, f"the answer {kind}")
        answer = self._answers.pop(0)
        assert answer["type"] == kind, answer
        return answer

    async def has(self, request, events):
        """Waits until so many events of the request are there."""
        await self._until(lambda: len(self.reply(request).events) >= events, f"{events} events of {request}")

    async def ending(self, request):
        """The whole reply of a request, once all of it is there."""
        await self._until(lambda: self.reply(request).ending, f"the end of {request}")
        return self.reply(request).check()

    async def _until(self, condition, what):
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    self.texts.append(await self._socket.recv())
                    self._take(parse(self.texts[-1]))
        except TimeoutError:
            frames = {request: reply.frames for request, reply in self._replies.items()}
            raise AssertionError(f"{self._session}: not in time: {what}; it has {self._answers}, {frames}") from None

    def _take(self, message):
        if "seq" in message:
            self._replies[message["requestId"]].add(message)
        elif message["type"] != "progress":
            self._answers.append(message)
