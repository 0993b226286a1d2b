"""A handshake is answered with 101."""

import time

from ..gateway import Gateway, Refused
from ..outcome import Broken


async def check(gateway: Gateway) -> str:
    """Connects once."""
    began = time.monotonic()
    try:
        async with gateway.connect():
            return f"101 after {(time.monotonic() - began) * 1000:.0f} ms"
    except Refused as refused:
        advice = (
            'TOKEN has to be a token of the issuer that is valid now; with auth = "iam" give --sign'
            if refused.status in (401, 403)
            else "is the address right, with the stage as its path?"
        )
        raise Broken(f"{refused}: {advice}") from None
