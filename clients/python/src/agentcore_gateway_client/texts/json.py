"""Ways into JSON values that may have any shape."""

from __future__ import annotations

from typing import Any

#: A JSON object.
Json = dict[str, Any]


def child(value: object, name: str) -> Json:
    """The member of an object that is an object itself; else an empty one, so that a path can be followed."""
    member = value.get(name) if isinstance(value, dict) else None
    return member if isinstance(member, dict) else {}


def as_text(value: object) -> str | None:
    """The value if it is a text."""
    return value if isinstance(value, str) else None


def objects(value: object) -> list[Json]:
    """The objects of a list; none if it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def first_choice(data: Json) -> Json | None:
    """OpenAI's first of several choices."""
    return next((one for one in objects(data.get("choices")) if one.get("index") in (None, 0)), None)
