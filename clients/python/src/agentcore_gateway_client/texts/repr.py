"""What Python prints for objects that have no JSON."""

from __future__ import annotations

import re

_BEGINS = re.compile(r"\s*(?:[{(\[]['\"{(\[A-Za-z<]|<[A-Za-z_]|[A-Z]\w*\()", re.ASCII)
_DUMPED = re.compile(r" object at 0x[0-9a-f]+|\b(?:AI|Human|Tool|System)Message(?:Chunk)?\(content=")
# What stands inside a dumped object's `<…>`, and nothing after it.
_ONE_OBJECT = re.compile(r"\s*<[^<>]* object [^<>]*at 0x[0-9a-f]+>\s*")
_ENDS = re.compile(r"[)}\]]\s*\Z")


def is_repr(text: str) -> bool:
    """Whether a string is a printed object.

    The AgentCore SDK sends such strings for what a handler yields and cannot be turned into JSON. Cautious: a sentence about
    such an object is text.
    """
    if _ONE_OBJECT.fullmatch(text):
        return True
    if text.lstrip().startswith("<") or not _BEGINS.match(text):
        return False
    return bool(_DUMPED.search(text) and _ENDS.search(text))
