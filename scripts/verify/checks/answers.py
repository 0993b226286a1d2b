"""What a function returns reaches the client as the answer of its route; on AWS that takes a route response for each."""

from ..connection import Connection
from ..gateway import Gateway, new_id
from ..outcome import Broken


async def check(gateway: Gateway) -> str:
    """Asks each route for an answer that starts no run."""
    async with gateway.connect() as connection:
        await _echo(connection)
        await _refused(connection, "this is not JSON", "invalid_json")
        await _refused(connection, '{"prompt": " "}', "invalid_request")
        await _refused(connection, '{"action": "dance"}', "invalid_request")
        session = new_id()
        await connection.send({"action": "resume", "sessionId": session})
        resumed = (await connection.answer("resumed")).frame
        if resumed.get("state") != "idle" or resumed.get("requestId") is not None:
            raise Broken(f"a session that was never used should be idle, and is {resumed.get('state')}")
        await _refused(connection, f'{{"action": "stop", "sessionId": "{session}"}}', "not_found")
    return "echo, resume, stop and refusals are answered"


async def _echo(connection: Connection) -> None:
    # Digits and order of members are kept.
    data = '{"b": [1.00, 12345678901234567890], "a": "Grüße, 京都 🗻"}'
    await connection.send(f'{{"action": "echo", "data": {data}}}')
    echo = await connection.answer("echo")
    if data not in echo.text:
        raise Broken(f"the echo changed what was sent: {echo.text[:200]}")


async def _refused(connection: Connection, text: str, code: str) -> None:
    await connection.send(text)
    rejected = (await connection.answer("rejected")).frame
    if rejected.get("code") != code:
        raise Broken(f"a message that should be rejected with {code} was with {rejected.get('code')}")
