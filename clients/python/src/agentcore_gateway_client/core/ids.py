"""Ids of sessions and requests, and their rules."""

from __future__ import annotations

import re
import unicodedata
import uuid

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_id() -> str:
    """An id that nobody can guess."""
    return str(uuid.uuid4())


def check_ids(session_id: str, request_id: str | None = None) -> None:
    """Raises a ValueError that names the rule that an id breaks."""
    if not session_id:
        raise ValueError("A session id is needed.")
    try:
        size = len(session_id.encode())
    except UnicodeEncodeError:
        raise ValueError("A session id is a text that has a UTF-8 form.") from None
    if size > 256:
        raise ValueError("A session id has at most 256 bytes.")
    if any(unicodedata.category(character) == "Cc" for character in session_id):
        raise ValueError("A session id has no control characters.")
    if request_id is not None and not _REQUEST_ID.fullmatch(request_id):
        raise ValueError("A request id has 1 to 64 of A-Z a-z 0-9 . _ -")
