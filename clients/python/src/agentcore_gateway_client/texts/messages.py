"""Messages, as frameworks write them."""

from __future__ import annotations

from .json import Json, as_text, child, objects

# The roles and types by which frameworks name what the model itself said.
_ASSISTANT = frozenset({"assistant", "model", "ai", "AIMessage", "AIMessageChunk", "message"})
_PERSON = frozenset({"user", "human", "HumanMessage"})
# Types of content blocks that hold text to be read; Converse's blocks have no type.
_TEXT_BLOCKS = (None, "text", "output_text")


def content_text(content: object) -> str | None:
    """The text of a message's content: a string, a list of blocks, or Google's `parts`. Thoughts and tool calls are none."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        parts = content.get("parts")
        return content_text(parts) if isinstance(parts, list) else None
    if not isinstance(content, list):
        return None
    return "".join(block if isinstance(block, str) else _block_text(block) for block in content)


def _block_text(block: object) -> str:
    if not isinstance(block, dict) or block.get("thought") is True or block.get("type") not in _TEXT_BLOCKS:
        return ""
    return as_text(block.get("text")) or ""


def _speaker(message: Json) -> str | None:
    """Who says a message: its role, else LangChain's type."""
    role = as_text(message.get("role"))
    return as_text(message.get("type")) if role is None else role


def is_assistant(message: Json) -> bool:
    """Whether it is the model's own message. One that names nobody is, for it is the agent that sends it."""
    name = _speaker(message)
    return name is None or name in _ASSISTANT


def unpacked(message: Json) -> Json:
    """LangChain may send a message as the call that would make it again: `{"lc": 1, "id": […, "AIMessage"], "kwargs": {…}}`."""
    name = message.get("id")
    if message.get("lc") != 1 or not isinstance(name, list) or not name:
        return message
    return {"type": name[-1], **child(message, "kwargs")}


def latest_texts(messages: object) -> list[str]:
    """The texts of the assistant's messages since the last one of a person: a state holds those of earlier turns too."""
    listed = [unpacked(message) for message in objects(messages)]
    persons = [at for at, message in enumerate(listed) if _speaker(message) in _PERSON]
    latest = listed[persons[-1] + 1 :] if persons else listed
    own = [message for message in latest if _speaker(message) is not None and is_assistant(message)]
    return [content_text(message.get("content")) or "" for message in own]
