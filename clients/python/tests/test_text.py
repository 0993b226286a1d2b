"""The text of replies, by the vectors that all clients share."""

import json
from pathlib import Path
from typing import Any

import pytest

from agentcore_gateway_client import Event, TextReader

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "text.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_each_event_adds_its_text(vector: dict[str, Any]) -> None:
    reader = TextReader()
    events = [Event(event["name"], event["data"], seq) for seq, event in enumerate(vector["events"], 2)]
    assert [reader.read(event) for event in events] == vector["text"]
