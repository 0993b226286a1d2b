"""Signed handshakes, against signatures that are computed here by the rules of Signature Version 4."""

from __future__ import annotations

import hashlib
import hmac
import sys

import pytest
from botocore.credentials import Credentials

from agentcore_gateway_client import SigV4, connect

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "abc123.execute-api.eu-central-1.amazonaws.com"


def signature(headers: dict[str, str], query: str = "", path: str = "/live") -> str:
    signed = {"host": HOST, "x-amz-date": headers["X-Amz-Date"]}
    if "X-Amz-Security-Token" in headers:
        signed["x-amz-security-token"] = headers["X-Amz-Security-Token"]
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    canonical = "\n".join(["GET", path, query, lines, ";".join(signed), hashlib.sha256(b"").hexdigest()])
    day = headers["X-Amz-Date"][:8]
    scope = f"{day}/eu-central-1/execute-api/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", headers["X-Amz-Date"], scope, digest])
    key = f"AWS4{SECRET}".encode()
    for part in (day, "eu-central-1", "execute-api", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    made = hmac.digest(key, text.encode(), "sha256").hex()
    return f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={';'.join(signed)}, Signature={made}"


@pytest.mark.parametrize("token", [None, "session-token"])
def test_the_handshake_is_signed(token: str | None) -> None:
    auth = SigV4(region="eu-central-1", credentials=Credentials(KEY, SECRET, token))
    headers = dict(auth.headers(f"wss://{HOST}/live"))
    assert headers["Authorization"] == signature(headers)
    assert headers.get("X-Amz-Security-Token") == token


def test_the_query_is_signed_too() -> None:
    auth = SigV4(region="eu-central-1", credentials=Credentials(KEY, SECRET))
    headers = dict(auth.headers(f"wss://{HOST}/live?sessionId=a%20b"))
    assert headers["Authorization"] == signature(headers, "sessionId=a%20b")


def test_credentials_are_read_for_each_connection() -> None:
    class Rotating:
        reads = 0

        def get_frozen_credentials(self) -> Credentials:
            self.reads += 1
            return Credentials(f"KEY{self.reads}", SECRET)

    auth = SigV4(region="eu-central-1", credentials=Rotating())
    signed = [auth.headers(f"wss://{HOST}/live")["Authorization"] for _ in range(2)]
    assert ["Credential=KEY1/" in signed[0], "Credential=KEY2/" in signed[1]] == [True, True]


def test_a_region_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(ValueError, match="region"):
        SigV4()


def test_without_botocore_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "botocore"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"agentcore-gateway-client\[iam\]"):
        SigV4(region="eu-central-1")


async def test_a_signed_handshake_connects(url: str) -> None:
    auth = SigV4(region="eu-central-1", credentials=Credentials(KEY, SECRET))
    async with connect(url, auth=auth) as gateway:
        assert await gateway.prompt("count to 2").result() == "1 2 "
    with pytest.raises(ValueError, match="not both"):
        connect(url, auth=auth, token="a")
