"""Where the gateway is."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_EXAMPLE = "It looks like wss://host/stage or ws://127.0.0.1:8787/."
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_HERE = re.compile(r"(localhost|[\w-]+\.localhost|\d+(\.\d+){3}|\[[\da-f:.]+\])([:/?]|$)", re.IGNORECASE)
_TOKEN = re.compile(r"[\x21-\x7e]+")


def gateway_url(text: str) -> str:
    """The WebSocket address that a person means. Raises a ValueError with a sentence for that person.

    `http(s)://` becomes `ws(s)://`; a bare host gets `wss://`, this machine and IP addresses, which seldom have a
    certificate, `ws://`.
    """
    text = text.strip()
    if not re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE):
        text = f"{'ws' if _HERE.match(text) else 'wss'}://{text}"
    try:
        parts = urlsplit(text)
        is_address = bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", text)
    except ValueError:
        is_address = False
    if not is_address:
        raise ValueError(f"This is not an address: {text!r}. {_EXAMPLE}")
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"The address must start with ws:// or wss://, not {parts.scheme}://. {_EXAMPLE}")
    # WebSocket addresses have no fragment.
    return urlunsplit((_SCHEMES[parts.scheme], parts.netloc, parts.path or "/", parts.query, ""))


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token. Raises a ValueError if it cannot be one; the message does not repeat it."""
    if not _TOKEN.fullmatch(token):
        raise ValueError("The token has characters that no header can carry.")
    return {"Authorization": f"Bearer {token}"}
