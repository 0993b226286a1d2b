"""The gateway that is checked: how to connect to it, and what to ask."""

import os
import socket
import ssl
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from .connection import Connection
from .options import Options
from .outcome import Broken
from .run import Run
from .signing import signed

#: How long a handshake may take, in seconds: the authorizer may have to start, and to fetch its issuer's keys.
HANDSHAKE = 30


class Refused(Broken):
    """The handshake was answered with a status other than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the handshake was answered with {status}")
        self.status = status


@dataclass(frozen=True)
class Gateway:
    """Where it is, and as whom to connect."""

    options: Options

    @asynccontextmanager
    async def connect(
        self, session: str | None = None, *, headers: Mapping[str, str] | None = None, subprotocols: Sequence[str] | None = None
    ) -> AsyncIterator[Connection]:
        """A connection as whoever the options say, or with other headers. Raises Refused or Broken."""
        url = self._url(session)
        try:
            opened = await connect(
                url,
                additional_headers=self.credentials(url) if headers is None else headers,
                subprotocols=subprotocols,
                open_timeout=HANDSHAKE,
                # Nothing but what a check sends keeps a connection open.
                ping_interval=None,
                compression=None,
                max_size=None,
                max_queue=None,
            )
        except InvalidStatus as error:
            raise Refused(error.response.status_code) from None
        except InvalidHandshake as error:
            raise Broken(f"no connection: {error}") from None
        except TimeoutError:
            raise Broken(f"no connection within {HANDSHAKE} s") from None
        except OSError as error:
            raise Broken(f"no connection: {_reason(error)}") from None
        connection = Connection(opened, self.options.patience, self.options.longest_run)
        try:
            yield connection
            connection.nothing_more()
        finally:
            await connection.close()

    def credentials(self, url: str) -> dict[str, str]:
        """The headers that say who connects to an address."""
        if self.options.sign:
            return signed(url)
        return {"Authorization": f"Bearer {self.options.token}"} if self.options.token else {}

    async def ask(self, connection: Connection, session: str, prompt: str | None = None, **members: Any) -> str:
        """Sends a prompt, by default the one that any reply will do for, and returns its request once it is accepted."""
        request = members.pop("requestId", None) or new_id()
        message = {"sessionId": session, "requestId": request} | members
        if "upload" not in message:
            message["prompt"] = prompt or self.options.prompt
        if self.options.agent:
            message.setdefault("agent", self.options.agent)
        await connection.send(message)
        accepted = (await connection.answer("accepted")).frame
        if accepted != {"type": "accepted", "requestId": request, "sessionId": session}:
            raise Broken(f"accepted names another request or session, or has other members: {sorted(accepted)}")
        return request

    async def reply(self, connection: Connection, session: str, prompt: str | None = None, **members: Any) -> Run:
        """Sends a prompt; returns its whole, completed run."""
        request = await self.ask(connection, session, prompt, **members)
        return (await connection.run(request)).whole()

    def _url(self, session: str | None) -> str:
        parts = urlsplit(self.options.url)
        query = [*filter(None, [parts.query]), *([f"sessionId={quote(session, safe='')}"] if session else [])]
        return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "&".join(query), ""))


def _reason(error: OSError) -> str:
    """Why there is no connection. The error's own text names the address, or the certificate's."""
    if isinstance(error, ssl.SSLError):
        return str(error.reason)
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    return os.strerror(error.errno) if error.errno else "nobody answers there"


def new_id() -> str:
    """A name for a session or a request that nobody else has."""
    return f"verify-{uuid.uuid4()}"
