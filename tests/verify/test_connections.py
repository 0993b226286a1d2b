"""Checks of connections: each holds for the real gateway, and fails for one that breaks the rule."""

import re

import pytest
from conftest import outcome
from faulty import Fault
from verify.checks.tokens import changed


@pytest.mark.parametrize("name", ["connect", "ping", "answers", "subprotocol", "limits"])
@pytest.mark.parametrize("fault", [None, Fault()], ids=["alone", "behind the proxy"])
def test_the_gateway_passes(url, name, fault):
    assert outcome(url, name, fault)[0] == "ok"


class Refuses(Fault):
    def __init__(self, status):
        self._status = status

    def refusal(self, request):
        return self._status


@pytest.mark.parametrize(("status", "advice"), [(401, "TOKEN"), (403, "TOKEN"), (404, "is the address right"), (503, "is the address right")])
def test_a_refused_handshake_is_told_with_what_to_do(url, status, advice):
    result, words = outcome(url, "connect", Refuses(status))
    assert result == "broken" and f"answered with {status}" in words and advice in words


@pytest.mark.parametrize(("address", "reason"), [("ws://127.0.0.1:1/", "Connection refused"), ("ws://gateway.invalid/", "no such host")])
def test_nobody_there(address, reason):
    result, words = outcome(address, "connect")
    assert result == "broken" and "no connection: " in words and reason in words


def test_who_is_there_speaks_no_tls(url):
    result, words = outcome(url.replace("ws:", "wss:"), "connect")
    assert result == "broken" and re.search("no connection: [A-Z_]+$", words)


class Answers(Fault):
    """Says something else where the gateway says `kind`; nothing if that is None."""

    def __init__(self, kind, instead):
        self._kind, self._instead = kind, instead

    async def to_client(self, line, frame, text):
        if frame.get("type") != self._kind:
            await line.client.send(text)
        elif self._instead is not None:
            await line.client.send(self._instead(text))


def error_of_api_gateway(text):
    return '{"message": "Internal server error", "connectionId": "abc=", "requestId": "def="}'


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        (None, "pong did not come within 1 s"),
        (error_of_api_gateway, "a message of API Gateway itself (Internal server error)"),
        (lambda text: '{"type": "pong", "at": 1}', "other members"),
        (lambda text: "pong", "no text with a JSON object"),
    ],
)
def test_a_ping_that_is_not_answered(url, instead, words):
    result, told = outcome(url, "ping", Answers("pong", instead), patience=1)
    assert result == "broken" and words in told


@pytest.mark.parametrize(
    ("kind", "instead", "words"),
    [
        # A route without a response swallows what its function returns.
        ("echo", None, "echo did not come"),
        ("rejected", None, "rejected did not come"),
        ("resumed", None, "resumed did not come"),
        ("echo", lambda text: text.replace("1.00", "1.0"), "the echo changed"),
        ("rejected", lambda text: text.replace("invalid_json", "invalid_request"), "should be rejected with invalid_json was with invalid_request"),
        ("rejected", lambda text: text.replace("not_found", "unavailable"), "should be rejected with not_found was with unavailable"),
        ("resumed", lambda text: text.replace("idle", "queued"), "should be idle"),
        ("resumed", error_of_api_gateway, "Internal server error"),
        ("resumed", lambda text: text.replace("{", '{"padding": "' + "x" * 32768 + '", ', 1), "more than 32 KiB"),
    ],
)
def test_answers_that_do_not_come_or_are_others(url, kind, instead, words):
    result, told = outcome(url, "answers", Answers(kind, instead), patience=1)
    assert result == "broken" and words in told


class Chatters(Fault):
    async def to_client(self, line, frame, text):
        await line.client.send(text)
        await line.client.send(error_of_api_gateway(text))


def test_what_nobody_asked_for(url):
    result, words = outcome(url, "ping", Chatters())
    assert result == "broken" and "Internal server error" in words


class NoSubprotocol(Fault):
    def subprotocol(self, offered):
        return None


def test_a_handshake_without_the_subprotocol(url):
    result, words = outcome(url, "subprotocol", NoSubprotocol())
    assert result == "broken" and "without the subprotocol" in words


# A token in the form of a JSON Web Token.
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ." + "c2lnbmF0dXJl" * 4


class AsksForTokens(Fault):
    """Lets in who has the token; with `careless`, a function of what came, also others."""

    def __init__(self, careless=lambda given: False, status=403):
        self._careless, self._status = careless, status

    def refusal(self, request):
        given = request.headers.get("Authorization", "")
        return None if given == f"Bearer {TOKEN}" or self._careless(given) else self._status


@pytest.mark.parametrize("status", [401, 403])
def test_a_gateway_that_asks_for_tokens_passes(url, status):
    fault = AsksForTokens(status=status)
    assert outcome(url, "connect", fault, token=TOKEN)[0] == "ok"
    result, words = outcome(url, "tokens", fault, token=TOKEN)
    assert result == "ok" and f"{status}, {status}, {status}" in words


@pytest.mark.parametrize(
    ("careless", "words"),
    [
        (lambda given: given == "", "nothing was let in"),
        (lambda given: "eyJhbGciOiJub25lIn0" in given, "a token that was made up was let in"),
        (lambda given: given.rpartition(".")[0] == f"Bearer {TOKEN}".rpartition(".")[0], "a changed token was let in"),
        (lambda given: True, "nothing was let in"),
    ],
)
def test_a_gateway_that_is_careless_with_tokens(url, careless, words):
    assert outcome(url, "tokens", AsksForTokens(careless), token=TOKEN) == ("broken", words)


def test_a_refusal_that_is_a_failure(url):
    result, words = outcome(url, "tokens", AsksForTokens(status=500), token=TOKEN)
    assert result == "broken" and "answered with 500" in words


def test_tokens_cannot_be_checked_where_everybody_may_connect(url):
    result, words = outcome(url, "tokens")
    assert result == "skipped" and "everybody may connect" in words


def test_a_changed_token_has_another_signature():
    good = f"Bearer {TOKEN}"
    assert changed(good) != good and changed(good).rpartition(".")[0] == good.rpartition(".")[0]


class Limits(Fault):
    """Has other limits than it should, or closes with another code."""

    def __init__(self, frame=32 * 1024, message=128 * 1024, code=1009, says=None):
        self._frame, self._message, self._code, self._says = frame, message, code, says

    async def to_gateway(self, line, parts):
        if max(map(len, parts)) > self._frame or sum(map(len, parts)) > self._message:
            if self._says:
                await line.client.send(self._says)
            await line.client.close(self._code)
        else:
            await line.client.send('{"type": "echo", "data": 1}')


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Limits(frame=32 * 1024 - 1), "a frame of 32 KiB should be taken"),
        (Limits(message=128 * 1024 - 1), "a message of 128 KiB in four frames should be taken"),
        (Limits(frame=32 * 1024 + 1), "a frame of 32 KiB and a byte should close"),
        (Limits(message=128 * 1024 + 1), "a message of 128 KiB and a byte should close"),
        (Limits(code=1011), "and did with 1011"),
    ],
)
def test_other_limits(url, monkeypatch, fault, words):
    monkeypatch.setattr("verify.checks.limits.CLOSING", 0.5)
    result, told = outcome(url, "limits", fault)
    assert result == "broken" and words in told


@pytest.mark.parametrize("says", [None, error_of_api_gateway("")])
def test_the_limits_of_the_proxy_are_those_of_the_gateway(url, says):
    assert outcome(url, "limits", Limits(says=says))[0] == "ok"


def test_idle_connections(gateway_with, monkeypatch):
    monkeypatch.setattr("verify.checks.idle.LONGER", 20)
    url = gateway_with("--idle-timeout", "3")
    assert outcome(url, "idle", idle=3)[0] == "ok"
    result, words = outcome(url, "idle")
    assert result == "skipped" and "--idle 600" in words


class Closes(Fault):
    """Ends connections in its own way when the gateway has closed one."""

    def __init__(self, code):
        self._code = code
        self._lines = set()

    async def to_gateway(self, line, parts):
        self._lines.add(line)
        await super().to_gateway(line, parts)

    async def closed(self, line, code):
        if self._code is not None:
            await line.client.close(self._code)
        for other in self._lines:
            await other.client.close(1001)


@pytest.mark.parametrize(("code", "words"), [(None, "still open"), (1000, "closed with 1000"), (1001, "a connection that pings was closed")])
def test_idle_connections_that_are_closed_otherwise(gateway_with, monkeypatch, code, words):
    monkeypatch.setattr("verify.checks.idle.LONGER", 3 if code is None else 20)
    result, told = outcome(gateway_with("--idle-timeout", "1"), "idle", Closes(code), idle=1)
    assert result == "broken" and words in told
