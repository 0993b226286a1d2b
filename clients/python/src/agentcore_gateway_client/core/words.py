"""Where a text may be cut so that it is read word by word."""

from __future__ import annotations

import re

# Letters of scripts that put no spaces between words: Thai, Lao, Tibetan, Myanmar, Khmer, kana and Han. Where their words end
# only a dictionary knows, so each letter counts as one.
_SPACELESS = (
    r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f"
    r"\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
# Vowels that Thai and Lao write before the letter that they belong to.
_BEFORE_ITS_LETTER = r"[\u0e40-\u0e44\u0ec0-\u0ec4]"
# Whatever is no letter and no digit, the marks above and below a letter too.
_BESIDE = r"[\W_]*"
_WORD = re.compile(rf"{_BESIDE}(?:{_BEFORE_ITS_LETTER}?{_SPACELESS}|[^\W_](?:(?!{_SPACELESS})\S)*){_BESIDE}|{_BESIDE}\Z")


def words_of(text: str) -> list[str]:
    """Cuts a text into words, each with the spaces and stops after it; joined they are the text."""
    return [word for word in _WORD.findall(text) if word]
