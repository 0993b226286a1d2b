"""A prompt that is too large for a message is uploaded first, once, to an address that takes nothing else."""

import asyncio
import json
import urllib.error
import urllib.request

from ..gateway import Gateway, new_id
from ..outcome import Broken, Skipped

SIZE = 300_000
HEADERS = {"Content-Type": "application/json", "If-None-Match": "*"}


async def check(gateway: Gateway) -> str:
    """Uploads a prompt of 300 kB, most of it white space, and asks with it."""
    # White space between its members is no part of what the agent is asked.
    body = json.dumps({"prompt": gateway.options.prompt})[:-1].ljust(SIZE - 1).encode() + b"}"
    async with gateway.connect() as connection:
        await connection.send({"action": "upload", "bytes": SIZE})
        try:
            offer = (await connection.answer("upload")).frame
        except Broken as broken:
            if "invalid_request" in str(broken):
                raise Skipped("this gateway takes no uploads (max_upload_bytes = 0)") from None
            raise
        await _put(offer["url"], body[:-1], "one that is shorter than was said", (400, 403, 411))
        await _put(offer["url"], body, "the upload", (200,))
        await _put(offer["url"], body, "a second upload to the same address", (403, 409, 412))
        await gateway.reply(connection, new_id(), upload=offer["uploadId"])
    return "300 kB put once, and asked with"


async def _put(url: str, body: bytes, what: str, expected: tuple[int, ...]) -> None:
    status = await asyncio.to_thread(_status, url, body)
    if status not in expected:
        raise Broken(f"{what} was answered with {status}, and not with {' or '.join(map(str, expected))}")


def _status(url: str, body: bytes) -> int:
    request = urllib.request.Request(url, data=body, headers=HEADERS, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError as error:
        raise Broken(f"the address for uploads does not answer: {error}") from None
