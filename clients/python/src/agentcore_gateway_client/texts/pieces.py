"""Texts that come piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .json import Json, as_text, child, first_choice
from .messages import content_text, unpacked
from .repr import is_repr


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event adds to a text."""

    #: Strands says one thing in two shapes, `data` and `block`; `own` is an object of no known framework.
    kind: Literal["data", "block", "own", "message", "other"]
    text: str
    #: The message that it belongs to, where the event names it.
    id: str | None = None
    role: str | None = None
    #: It is a whole message, which may repeat pieces with the same `id`.
    whole: bool = False


# Names of server-sent events whose data, if it is a plain string, is a piece of the reply.
_TEXT_NAMES = frozenset(
    {"message", "text", "token", "delta", "chunk", "content", "output", "answer", "response", "data"},
)
_MODES = frozenset({"messages", "updates", "values", "custom"})
_AG_UI_TEXT = frozenset({"TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CHUNK"})
_OWN_TYPES = (None, "text", "token", "content", "delta", "chunk")


def piece_of(data: Any, name: str) -> Piece | None:
    """The piece in an event's data; None if it has none of the shapes in which a text is streamed."""
    if isinstance(data, str):
        is_text = name in _TEXT_NAMES and data != "[DONE]" and not is_repr(data)
        return _other(data if is_text else "")
    if isinstance(data, list):
        return _lang_graph(data)
    if not isinstance(data, dict):
        return _other("")
    return next((piece for shape in _SHAPES if (piece := shape(data)) is not None), None)


def mode_of(data: list[Any]) -> tuple[str, Any] | None:
    """LangGraph puts the mode before the data, if there are several or subgraphs: `[mode, data]`, `[namespace, mode, data]`."""
    if len(data) in (2, 3) and isinstance(data[-2], str) and data[-2] in _MODES:
        return data[-2], data[-1]
    return None


def _other(text: object) -> Piece | None:
    return Piece("other", text) if isinstance(text, str) else None


def _strands(data: Json) -> Piece | None:
    if data.get("type") == "multiagent_node_stream":
        return piece_of(data.get("event"), "message")
    text = data.get("data")
    is_own = "type" not in data and "event" not in data
    return Piece("data", text) if is_own and isinstance(text, str) else None


def _block(data: Json) -> Piece | None:
    """Bedrock's Converse stream, which Strands passes on as `event`."""
    delta = child(data, "contentBlockDelta").get("delta")
    if delta is None:
        delta = child(child(data, "event"), "contentBlockDelta").get("delta")
    return Piece("block", as_text(delta.get("text")) or "") if isinstance(delta, dict) else None


def _ag_ui(data: Json) -> Piece | None:
    if as_text(data.get("type")) not in _AG_UI_TEXT:
        return None
    text, role = as_text(data.get("delta")) or "", as_text(data.get("role"))
    return Piece("message", text, id=as_text(data.get("messageId")), role=role)


def _open_ai(data: Json) -> Piece | None:
    first = first_choice(data)
    if first is None or not (isinstance(first.get("delta"), dict) or isinstance(first.get("text"), str)):
        return None
    if first.get("text") is not None:
        return _other(first["text"])
    return _other(content_text(child(first, "delta").get("content")) or "")


def _responses(data: Json) -> Piece | None:
    if data.get("type") == "raw_response_event":
        return piece_of(data.get("data"), "message") if isinstance(data.get("data"), dict) else None
    return _other(data.get("delta")) if data.get("type") == "response.output_text.delta" else None


def _anthropic(data: Json) -> Piece | None:
    if data.get("type") != "content_block_delta":
        return None
    delta = child(data, "delta")
    return _other((delta.get("type") == "text_delta" and as_text(delta.get("text"))) or "")


def _ai_sdk(data: Json) -> Piece | None:
    if data.get("type") != "text-delta":
        return None
    return _other(next((data[name] for name in ("delta", "text", "textDelta") if data.get(name) is not None), None))


def _google(data: Json) -> Piece | None:
    return _other(content_text(data.get("content"))) if data.get("partial") is True else None


def _own(data: Json) -> Piece | None:
    """Objects that a handler makes up itself: `{"text": "Hel"}`, `{"type": "token", "content": "lo"}`."""
    kind = data.get("type")
    if "role" in data or data.get("error") or kind not in _OWN_TYPES:
        return None
    names = ("text", "content", "delta") if kind is None else ("text", "content")
    text = next((data[name] for name in names if isinstance(data.get(name), str)), None)
    return None if text is None else Piece("own", text)


def _lang_graph(data: list[Any]) -> Piece | None:
    """LangGraph's mode `messages`: a pair of a message, or a piece of one, and where it comes from."""
    if (inner := mode_of(data)) is not None:
        return _lang_graph(inner[1]) if inner[0] == "messages" and isinstance(inner[1], list) else None
    is_pair = len(data) == 2 and isinstance(data[0], dict) and isinstance(data[1], dict)
    return _lang_chain_message(data[0]) if is_pair else None


def _lang_chain(data: Json) -> Piece | None:
    """LangChain's `astream_events`."""
    chunk = child(data, "data").get("chunk")
    if data.get("event") != "on_chat_model_stream" or not isinstance(chunk, dict):
        return None
    return _lang_chain_message(chunk)


def _lang_chain_message(packed: Json) -> Piece | None:
    message = unpacked(packed)
    whole = message.get("type") in ("ai", "AIMessage")
    if not whole and message.get("type") != "AIMessageChunk":
        return None
    text = content_text(message.get("content")) or ""
    return Piece("message", text, id=as_text(message.get("id")), whole=whole)


_SHAPES = (_strands, _block, _ag_ui, _open_ai, _responses, _anthropic, _ai_sdk, _lang_chain, _google, _own)
