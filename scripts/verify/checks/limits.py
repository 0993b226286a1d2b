"""A message may have 128 KiB in frames of 32 KiB; what is larger closes the connection with 1009."""

from ..gateway import Gateway
from ..outcome import Broken

KIB = 1024
#: How long a connection may take to be closed, in seconds.
CLOSING = 15


async def check(gateway: Gateway) -> str:
    """Sends messages that just fit, and some a byte larger."""
    for what, message in (("a frame of 32 KiB", [padded(32 * KIB)]), ("a message of 128 KiB in four frames", framed(128 * KIB))):
        async with gateway.connect() as connection:
            await connection.send(message)
            try:
                await connection.answer("echo")
            except Broken as broken:
                raise Broken(f"{what} should be taken: {broken}") from None
    for what, message in (("a frame of 32 KiB and a byte", [padded(32 * KIB + 1)]), ("a message of 128 KiB and a byte", framed(128 * KIB + 1))):
        async with gateway.connect() as connection:
            await connection.send(message)
            try:
                code = await connection.close_code(CLOSING)
            except Broken as broken:
                raise Broken(f"{what} should close the connection with 1009: {broken}") from None
            if code != 1009:
                raise Broken(f"{what} should close the connection with 1009, and did with {code}")
    return "32 KiB a frame, 128 KiB a message, 1009 beyond"


def padded(size: int) -> str:
    """A message of so many bytes, of which most say nothing."""
    text = '{"action":"echo","data":1,"padding":""}'
    return text.replace('""', f'"{"x" * (size - len(text))}"')


def framed(size: int) -> list[str]:
    """The same in frames of 32 KiB."""
    text = padded(size)
    return [text[at : at + 32 * KIB] for at in range(0, size, 32 * KIB)]
