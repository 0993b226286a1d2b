"""Texts that come as whole messages."""

from __future__ import annotations

from typing import Any

from .json import Json, as_text, child, first_choice, objects
from .messages import content_text, is_assistant, latest_texts
from .pieces import mode_of

# Members that hold a reply, the most telling first.
_REPLY_MEMBERS = ("result", "response", "output", "answer", "message", "text", "content")
# An object with another `type` is an event of its own kind, and its `message` may be anything.
_REPLY_TYPES = frozenset(
    {None, "message", "text", "output_text", "ai", "assistant", "result", "response", "answer", "final"},
)
# A reply is found this deep: `{"result": {"message": {"content": […]}}}`.
_DEPTH = 5


def wholes_of(data: Any, name: str) -> list[str]:
    """The texts of the whole messages in an event's data: what an agent sends that does not stream, or after it has."""
    if isinstance(data, list):
        inner = mode_of(data)
        return wholes_of(inner[1], inner[0]) if inner else []
    if not isinstance(data, dict) or name == "error" or data.get("error"):
        return []
    if name == "updates":
        return _updates(data)
    typed = _typed(data)
    return _replies(data, _DEPTH) if typed is None else typed


def _updates(data: Json) -> list[str]:
    """LangGraph's mode `updates`: what each node has added."""
    texts: list[str] = []
    for node in data.values():
        messages = child({"node": node}, "node").get("messages")
        texts += latest_texts(messages if isinstance(messages, list) else [messages])
    return texts


def _typed(data: Json) -> list[str] | None:
    kind = data.get("type")
    if kind == "MESSAGES_SNAPSHOT":
        return latest_texts(data.get("messages"))
    if kind == "response.output_text.done":
        return _texts(data.get("text"))
    if kind == "response.completed":
        return _replies(child(data, "response"), _DEPTH)
    first = first_choice(data)
    return None if first is None else _texts(content_text(child(first, "message").get("content")))


def _replies(data: Any, depth: int) -> list[str]:
    if isinstance(data, str):
        return [data]
    if depth == 0 or not isinstance(data, dict) or data.get("error"):
        return []
    if as_text(data.get("type")) not in _REPLY_TYPES or ("role" in data and not is_assistant(data)):
        return []
    if isinstance(data.get("messages"), list):
        return latest_texts(data["messages"])
    found = (_member(data.get(name), name, depth) for name in _REPLY_MEMBERS)
    return next((texts for texts in found if texts), [])


def _member(value: Any, name: str, depth: int) -> list[str]:
    if name == "content":
        return _texts(content_text(value))
    # The Responses API's list of what the model made, in which messages are among calls and thoughts.
    if name == "output" and isinstance(value, list):
        return [text for item in objects(value) for text in _replies(item, depth - 1)]
    return _replies(value, depth - 1)


def _texts(text: object) -> list[str]:
    return [text] if isinstance(text, str) else []
