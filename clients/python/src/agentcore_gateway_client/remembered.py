"""Which session the terminal last had at each gateway."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

#: How many gateways are remembered; the ones used last are kept.
MAX_REMEMBERED = 100


class Sessions:
    """A file of session ids by address. Where everybody may connect an id is the secret, so nobody else may read it."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or _state_folder() / "agentcore-gateway-client" / "sessions.json"

    def find(self, url: str) -> str | None:
        """The session of an address, if there is one."""
        found = self._read().get(url)
        return found if isinstance(found, str) else None

    def remember(self, url: str, session_id: str) -> None:
        """Keeps it for the next time. What cannot be written is not kept; the chat works without."""
        known = self._read()
        known.pop(url, None)
        known[url] = session_id
        latest = dict(list(known.items())[-MAX_REMEMBERED:])
        with contextlib.suppress(OSError):
            self._write(json.dumps(latest, indent=1))

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _write(self, text: str) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Replaced as a whole, so that two chats that end at once leave one whole file.
        new = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(self._file)


def _state_folder() -> Path:
    given = os.environ.get("XDG_STATE_HOME", "")
    # By its specification a relative one is to be ignored.
    return Path(given) if os.path.isabs(given) else Path.home() / ".local" / "state"
