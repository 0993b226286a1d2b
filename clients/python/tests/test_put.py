"""Uploads, against servers that are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agentcore_gateway_client.core.uploads import Put
from agentcore_gateway_client.put import put


@asynccontextmanager
async def server(reply: bytes) -> AsyncIterator[str]:
    """Answers each upload of `{}` so."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(reply)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        yield f"http://{host}:{port}/uploads/u"


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403),
        (b"not HTTP at all\r\n\r\n", None),
        (b"", None),
    ],
)
async def test_each_upload_is_told_how_it_went_whatever_answers(reply: bytes, status: int | None) -> None:
    told: list[int | None] = []
    async with server(reply) as url:
        await put(Put(url, b"{}", 30, told.append))
    assert told == [status]
