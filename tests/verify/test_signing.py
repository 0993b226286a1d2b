"""Signed handshakes, in front of who looks at their signature."""

import pytest
from botocore.credentials import Credentials
from conftest import outcome
from faulty import Fault
from signature import BadSignature, verify

CREDENTIALS = Credentials("AKIDEXAMPLE", "secret", "session-token")


class AsksForSignatures(Fault):
    """Lets in whose signature is good for the region."""

    def refusal(self, request):
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        url = f"http://{headers['host']}{request.path}"
        try:
            verify("GET", url, headers, b"", service="execute-api", region="eu-central-1", find_credentials=lambda key: CREDENTIALS)
        except BadSignature:
            return 403
        return None


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", CREDENTIALS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CREDENTIALS.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", CREDENTIALS.token)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)


@pytest.mark.parametrize("name", ["connect", "subprotocol", "devices", "tokens"])
def test_a_gateway_that_asks_for_signatures_passes(url, name):
    assert outcome(url, name, AsksForSignatures(), sign=True)[0] == "ok"


def test_a_signature_for_another_region_is_refused(url, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    result, words = outcome(url, "connect", AsksForSignatures(), sign=True)
    assert result == "broken" and "403" in words


class AsksNobody(Fault):
    pass


def test_a_gateway_that_does_not_look_at_signatures(url):
    assert outcome(url, "tokens", AsksNobody(), sign=True) == ("broken", "nothing was let in")


@pytest.mark.parametrize("missing", ["credentials", "region"])
def test_what_is_missing_to_sign_with_is_named(url, monkeypatch, tmp_path, missing):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID" if missing == "credentials" else "AWS_REGION")
    result, words = outcome(url, "connect", sign=True)
    assert result == "broken" and f"no {'AWS credentials are' if missing == 'credentials' else 'region is'}" in words
