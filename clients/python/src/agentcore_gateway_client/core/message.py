"""Messages as JSON texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: The largest message that API Gateway takes, in frames of at most 32 KiB. What is larger is uploaded.
MAX_MESSAGE_BYTES = 131_072

Frame = dict[str, Any]


def to_json(value: object) -> str:
    """The JSON text of a value. Raises a ValueError or TypeError for what has none, such as NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair has no UTF-8 form, but an escape
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def prompt_message(
    prompt: str | None,
    *,
    input: Mapping[str, Any] | None,
    parameters: Mapping[str, Any] | None,
    agent: str | None,
    session_id: str,
    request_id: str,
) -> Frame:
    """What is sent to ask an agent. Raises a ValueError where it is not clear what is asked."""
    if (prompt is None) == (input is None):
        raise ValueError("A prompt is either a text or an input, and one of them is needed.")
    if parameters is not None and prompt is None:
        raise ValueError("Parameters go with a text; an input is the agent's whole body.")
    members = {
        "prompt": prompt,
        "input": None if input is None else dict(input),
        "parameters": None if parameters is None else dict(parameters),
        "agent": agent,
        "sessionId": session_id,
        "requestId": request_id,
    }
    return {name: value for name, value in members.items() if value is not None}


def upload_body(message: Frame) -> bytes:
    """What of a message is uploaded: all that the agent gets."""
    content = {name: message[name] for name in ("prompt", "parameters", "input") if name in message}
    return to_json(content).encode()


def uploaded_message(message: Frame, upload_id: str) -> Frame:
    """The message that names what was uploaded."""
    named = {"upload": upload_id}
    return named | {name: message[name] for name in ("agent", "sessionId", "requestId") if name in message}


def read_frame(text: str) -> Frame | None:
    """What the gateway says; None if it is no JSON object."""
    frame = read_json(text)
    return frame if isinstance(frame, dict) else None


def read_json(text: str, otherwise: object = None) -> Any:
    """The value of a JSON text, or `otherwise` if it is none. An integer that Python does not read is given as its digits."""
    try:
        return _parse(text)
    except (ValueError, RecursionError):
        return otherwise


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # Python reads no integer of more than 4300 digits, since the time for it grows with their square.
        return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits
