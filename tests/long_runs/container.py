"""An agent's container: the least server of AgentCore's HTTP contract that streams."""

import asyncio
import json
from contextlib import suppress


class Container:
    """Answers each invocation with the events that `answer`, an asynchronous generator, makes of its payload."""

    def __init__(self, answer):
        self._answer = answer

    async def __aenter__(self):
        # All sessions may ask at once.
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()

    async def _serve(self, reader, writer):
        # The gateway hangs up behind a marker, and when it looks whether somebody listens.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            payload = await _payload(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            async for event in self._answer(payload):
                writer.write(f"data: {json.dumps(event)}\n\n".encode())
                await writer.drain()
        writer.close()


async def _payload(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = head.split("content-length:")[1].split()[0]
    return json.loads(await reader.readexactly(int(length)))
