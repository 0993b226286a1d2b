"""Pictures and other files that come with a prompt.

The form is that of AWS's own example of a prompt with a picture ("Invoke an
AgentCore Runtime agent" in the AgentCore developer guide):

    {"prompt": "...", "media": {"type": "image", "format": "png", "data": "<base64>"}}

The gateway's test page sends several files as a list of such objects, and adds
the `name` of each.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass


class InvalidMedia(ValueError):
    """Media in another form; its text is one sentence that names the rule."""


@dataclass(frozen=True)
class Media:
    """One file, decoded."""

    type: str
    format: str
    name: str | None
    content: bytes

    def __str__(self) -> str:
        """Tell what it is in a few words."""
        named = f' "{self.name}"' if self.name else ""
        return f"{self.type}{named}: {self.format}, {len(self.content)} bytes"


def parse(media: object) -> list[Media]:
    """Return the files of a body's member `media`: one object, a list of them, or nothing.

    Raises InvalidMedia.
    """
    if media is None:
        return []
    return [_parse_one(one) for one in (media if isinstance(media, list) else [media])]


def _parse_one(one: object) -> Media:
    if not isinstance(one, dict):
        raise InvalidMedia("media must be an object, or a list of objects")

    def text(member: str) -> str:
        value = one.get(member)
        if not isinstance(value, str):
            raise InvalidMedia(f"the {member} of media must be a string")
        return value

    data = text("data")
    try:
        content = base64.b64decode(data, validate=True)
    except ValueError:  # binascii.Error is one, and what is not ASCII raises another
        raise InvalidMedia("the data of media must be base64") from None
    name = text("name") if "name" in one else None
    return Media(text("type"), text("format"), name, content)
