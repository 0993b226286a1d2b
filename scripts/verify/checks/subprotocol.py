"""The subprotocol by which browsers send a token is answered; without that they close the connection at once."""

from ..gateway import Gateway
from ..outcome import Broken


async def check(gateway: Gateway) -> str:
    """Offers `bearer` and a token."""
    # Where tokens are asked for it is the only one; else anything passes for one.
    headers = gateway.credentials(gateway.options.url) if gateway.options.sign else {}
    token = gateway.options.token or "verify"
    async with gateway.connect(headers=headers, subprotocols=["bearer", token]) as connection:
        if connection.socket.subprotocol != "bearer":
            raise Broken("the handshake was answered without the subprotocol: browsers that send a token cannot connect")
        await connection.send({"action": "ping"})
        await connection.answer("pong")
    return "answered with bearer"
