import pytest

from agentcore_gateway_client.address import bearer, gateway_url
from agentcore_gateway_client.core.ids import check_ids
from agentcore_gateway_client.line import fragments


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("wss://host/live", "wss://host/live"),
        ("https://host/live?a=b#part", "wss://host/live?a=b"),
        ("http://127.0.0.1:8787", "ws://127.0.0.1:8787/"),
        (" HTTPS://Host ", "wss://Host/"),
        ("host.example.com/live", "wss://host.example.com/live"),
        ("host:8787", "wss://host:8787/"),
        ("localhost:8787", "ws://localhost:8787/"),
        ("127.0.0.1", "ws://127.0.0.1/"),
        ("[::1]:8787", "ws://[::1]:8787/"),
    ],
)
def test_the_address_that_is_meant(given: str, meant: str) -> None:
    assert gateway_url(given) == meant


@pytest.mark.parametrize("given", ["", "two words", "ftp://host", "ws://", "ws://host:port/", "ws://[::1", "ws://host:0"])
def test_what_is_none_is_an_error_with_an_example(given: str) -> None:
    with pytest.raises(ValueError, match=r"wss://host/stage"):
        gateway_url(given)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ä"])
def test_a_token_that_no_header_can_carry_is_not_repeated(token: str) -> None:
    with pytest.raises(ValueError, match="characters") as caught:
        bearer(token)
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    ("session", "request_id"),
    [("", None), ("ä" * 129, None), ("a\nb", None), ("\ud800", None), ("s", "a b"), ("s", ""), ("s", "r" * 65)],
)
def test_ids_that_break_a_rule(session: str, request_id: str | None) -> None:
    with pytest.raises(ValueError, match="id"):
        check_ids(session, request_id)


def test_a_message_goes_in_frames_of_at_most_32_kib_that_are_cut_between_characters() -> None:
    text = "a😀" * 10_000
    pieces = list(fragments(text))
    assert "".join(pieces) == text
    assert max(len(piece.encode()) for piece in pieces) <= 32_768
