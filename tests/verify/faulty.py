"""A proxy in front of a gateway that passes everything on as it comes, but for one fault."""

import asyncio
import json
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


class Fault:
    """What may go wrong, one object for each proxy. As it stands nothing does."""

    def refusal(self, request):
        """The status with which a handshake is refused, or None."""
        return None

    def subprotocol(self, offered):
        """The subprotocol with which a handshake is answered."""
        return offered[0] if offered else None

    async def to_gateway(self, line, parts):
        """A message of the client, in its frames."""
        await line.gateway.send(parts)

    async def to_client(self, line, frame, text):
        """A message of the gateway, parsed and as it came."""
        await line.client.send(text)

    async def closed(self, line, code):
        """The gateway has closed its side."""
        await line.client.close(code if code != 1006 else 1011)


class Line:
    """Both sides of one connection, and what was sent on it so far."""

    def __init__(self, number, client, gateway):
        self.number = number
        self.client = client
        self.gateway = gateway
        self.sent = []


class Proxy:
    """The proxy as a server on loopback."""

    def __init__(self, target, fault):
        self._target = urlsplit(target)
        self._fault = fault
        self._lines = 0

    async def __aenter__(self):
        self._server = await serve(
            self._serve, "127.0.0.1", 0, process_request=self._refuse, select_subprotocol=self._choose, max_size=None, ping_interval=None
        )
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    def _refuse(self, connection, request):
        # Before the answer, so that the numbers are in the order of the client's connections.
        connection.number, self._lines = self._lines, self._lines + 1
        status = self._fault.refusal(request)
        return connection.respond(HTTPStatus(status), "No.\n") if status else None

    def _choose(self, connection, offered):
        return self._fault.subprotocol(offered)

    async def _serve(self, client):
        query = urlsplit(client.request.path).query
        address = f"ws://{self._target.netloc}/" + (f"?{query}" if query else "")
        async with connect(address, max_size=None, ping_interval=None, proxy=None) as gateway:
            line = Line(client.number, client, gateway)
            await asyncio.gather(self._upwards(line), self._downwards(line))

    async def _upwards(self, line):
        try:
            while True:
                parts = [part async for part in line.client.recv_streaming()]
                line.sent.append("".join(parts))
                await self._fault.to_gateway(line, parts)
        except ConnectionClosed:
            await line.gateway.close()

    async def _downwards(self, line):
        try:
            async for text in line.gateway:
                await self._fault.to_client(line, json.loads(text), text)
            await self._fault.closed(line, line.gateway.close_code)
        except ConnectionClosed:
            await self._fault.closed(line, line.gateway.close_code)
