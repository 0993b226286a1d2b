"""Tests of files with a prompt: what is read, and what the agent says of it."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

import media
from test_agent import client, events

__all__ = ["client"]  # the fixture: the agent's process, over HTTP

PICTURE = bytes(range(256)) * 20_000  # 5 MB


def one(content: bytes = b"abc", **members: Any) -> dict[str, Any]:
    """A file as the page sends it."""
    data = base64.b64encode(content).decode()
    return {"type": "image", "format": "png", "data": data} | members


def reply(client: httpx.Client, body: dict[str, Any]) -> str:
    return "".join(events(client.post("/invocations", json=body)))


def test_a_picture_is_told_by_its_kind_and_its_decoded_size(
    client: httpx.Client,
) -> None:
    body = {"prompt": "What is in this picture?", "media": one(PICTURE)}
    asked = '"What is in this picture? [image: png, 5120000 bytes]"'
    assert asked in reply(client, body)


def test_several_files_are_told_one_by_one(client: httpx.Client) -> None:
    files = [one(name="a cat.png"), one(b"1,2", type="document", format="csv")]
    asked = '"Compare [image "a cat.png": png, 3 bytes] [document: csv, 3 bytes]"'
    assert asked in reply(client, {"prompt": "Compare", "media": files})


def test_files_alone_are_a_prompt(client: httpx.Client) -> None:
    for body in [{"media": one()}, {"prompt": "", "media": [one()]}]:
        assert '"[image: png, 3 bytes]"' in reply(client, body)


def test_no_files_are_no_prompt(client: httpx.Client) -> None:
    for body in [{"media": []}, {"media": None}, {"prompt": " ", "media": []}]:
        assert client.post("/invocations", json=body).status_code == 400


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("a text", "media must be an object, or a list of objects"),
        ([1], "media must be an object, or a list of objects"),
        (one(type=1), "the type of media must be a string"),
        (one(format=None), "the format of media must be a string"),
        (one(name=1), "the name of media must be a string"),
        (one(data=1), "the data of media must be a string"),
        (one(data="YWJ"), "the data of media must be base64"),
        (one(data="Y W J j"), "the data of media must be base64"),
        (one(data="é"), "the data of media must be base64"),
    ],
)
def test_media_in_another_form_are_refused(
    client: httpx.Client, wrong: object, rule: str
) -> None:
    with pytest.raises(media.InvalidMedia, match=f"^{rule}$"):
        media.parse(wrong)
    response = client.post("/invocations", json={"prompt": "Look", "media": wrong})
    assert (response.status_code, rule in response.text) == (400, True)
