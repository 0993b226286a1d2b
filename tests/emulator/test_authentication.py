"""Tokens, on a deployment with `auth = "jwt"`."""

import time

import pytest
from websockets.exceptions import InvalidStatus

from client import new_id
from tokens import AUDIENCE, CLIENT
from uploading import Uploaded, ask, bucket_and_key, folder_of


@pytest.fixture
def connect_as(connect, authenticated_gateway, issuer):
    """Connects with a subject's good token."""

    def make(subject, **options):
        return connect(deployment=authenticated_gateway, additional_headers=bearer(issuer.token(subject)), **options)

    return make


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_token_in_the_header_lets_in(connect_as):
    client = connect_as("alice")
    assert client.ending(client.ask("Hello")).ending["type"] == "completed"


def test_a_browser_sends_its_token_as_a_subprotocol(connect, authenticated_gateway, issuer):
    client = connect(deployment=authenticated_gateway, subprotocols=["bearer", issuer.token("alice")])
    assert client.ending(client.ask("Hello")).ending["type"] == "completed"


def test_an_audience_may_be_one_of_several(connect, authenticated_gateway, issuer):
    token = issuer.token("alice", aud=["another", AUDIENCE])
    connect(deployment=authenticated_gateway, additional_headers=bearer(token)).catch_up()


def test_an_access_token_of_a_configured_client_needs_no_audience(connect, authenticated_gateway, issuer):
    token = issuer.token("alice", aud=None, client_id=CLIENT, token_use="access")
    client = connect(deployment=authenticated_gateway, additional_headers=bearer(token))
    assert client.ending(client.ask("Hello")).ending["type"] == "completed"


@pytest.mark.parametrize(
    "make_token",
    [
        lambda issuer: issuer.token("alice", exp=int(time.time()) - 120),
        lambda issuer: issuer.token("alice", exp=None),
        lambda issuer: issuer.token("alice", nbf=int(time.time()) + 120),
        lambda issuer: issuer.token("alice", iss="https://issuer.example.com"),
        lambda issuer: issuer.token("alice", aud="another"),
        lambda issuer: issuer.token("alice", aud="another", client_id=CLIENT),
        lambda issuer: issuer.token("alice", aud=None, client_id="another"),
        lambda issuer: issuer.token("alice", aud=None, client_id=CLIENT, token_use="id"),
        lambda issuer: issuer.token(None),
        lambda issuer: issuer.unsigned_token("alice"),
        lambda issuer: issuer.strangers_token("alice"),
        lambda issuer: issuer.forged_token("alice"),
        lambda issuer: issuer.token("alice")[:-4] + "AAAA",
        lambda _: "no-token",
    ],
    ids=[
        "expired",
        "without-expiry",
        "not-yet-valid",
        "other-issuer",
        "other-audience",
        "other-audience-of-a-client",
        "other-client",
        "no-access-token",
        "without-subject",
        "unsigned",
        "signed-by-a-stranger",
        "signed-with-the-public-key",
        "broken-signature",
        "no-token",
    ],
)
def test_a_token_that_is_not_good_is_refused(connect, authenticated_gateway, issuer, make_token):
    assert refusal(connect, authenticated_gateway, additional_headers=bearer(make_token(issuer))) in (401, 403)


def test_a_client_without_a_token_is_refused(connect, authenticated_gateway):
    assert refusal(connect, authenticated_gateway) in (401, 403)


def test_a_token_in_the_address_is_refused_unless_allowed(connect, authenticated_gateway, issuer):
    assert refusal(connect, authenticated_gateway, query=f"?token={issuer.token('alice')}") in (401, 403)


def test_an_origin_is_checked_beside_the_token(connect, authenticated_gateway, issuer):
    options = {"additional_headers": bearer(issuer.token("alice")), "origin": "https://evil.example.com"}
    assert refusal(connect, authenticated_gateway, **options) == 403


def refusal(connect, deployment, **options):
    with pytest.raises(InvalidStatus) as refused:
        connect(deployment=deployment, **options)
    return refused.value.response.status_code


def test_two_principals_with_one_session_id_have_two_sessions(connect_as, agentcore):
    session = new_id()
    alice, bob = connect_as("alice", session=session), connect_as("bob", session=session, query=f"?sessionId={session}")
    request = alice.ask("Hello")
    alice.ending(request)
    assert bob.resume()["state"] == "idle"
    assert bob.resume(request)["state"] == "queued"
    bob.stop(request)
    bob.answer("stopping")
    bobs = bob.ask("Hello")
    # To the agent too: it remembers what was asked before.
    assert "Nothing was asked before." in bob.ending(bobs).text
    assert bob.reply(request).frames == []
    assert agentcore.calls(request)[0].session != agentcore.calls(bobs)[0].session


def test_a_principal_finds_the_session_again_on_another_connection(connect_as):
    first = connect_as("alice")
    request = first.ask("Hello")
    frames = first.ending(request).frames
    second = connect_as("alice", session=first.session)
    assert second.resume(request)["state"] == "completed"
    assert second.ending(request).frames == frames


def test_an_upload_is_of_who_asked_for_it_and_nobody_else_can_name_it(connect_as, agentcore):
    alice, bob = connect_as("alice", session=new_id()), connect_as("bob", session=new_id())
    upload = Uploaded(alice, {"prompt": "Hello"})
    assert bucket_and_key(upload.url)["Key"] == folder_of("alice") + upload.id
    assert upload.put()[0] == 200
    assert alice.ending(ask(alice, upload.id)).ending["type"] == "completed"
    bobs = ask(bob, upload.id)
    assert bob.ending(bobs).ending["code"] == "invalid_upload"
    assert agentcore.calls(bobs) == []
