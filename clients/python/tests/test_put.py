"""Uploads, against servers that are none."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from clock import play

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


@contextmanager
def silence() -> Iterator[str]:
    """Takes connections and says nothing, until the block ends, and the threads that were begun in it."""
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    for thread in begun_since(before):
        thread.join()


def begun_since(before: set[threading.Thread]) -> set[threading.Thread]:
    return set(threading.enumerate()) - before


async def test_an_upload_that_stalls_holds_up_no_end() -> None:
    told: list[int | None] = []
    before = set(threading.enumerate())
    with silence() as url:
        uploading = asyncio.create_task(put(Put(url, b"{}", 30, told.append)))
        await asyncio.sleep(0)
        uploading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await uploading
        # Those that are none keep the program until their socket gives up.
        assert [thread.daemon for thread in begun_since(before)] == [True]
    assert told == []


def test_an_upload_that_takes_too_long_did_not_get_through() -> None:
    told: list[int | None] = []
    with silence() as url:
        play(put(Put(url, b"{}", 30, told.append)))
    assert told == [None]
