"""Prompts of any size: put into the bucket by who is told where, read by the worker, and by nobody else."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from client import new_id
from conftest import ALLOWED_ORIGIN
from deployment import ROOT
from emulator import REGION
from roles import Role
from uploading import SIGNED_HEADERS, Uploaded, ask, bucket_and_key, folder_of, preflight, put
from waiting import until

PROMPT = {"prompt": "Hello"}
CREATED, FORBIDDEN, EXISTS = 200, 403, 412


@pytest.fixture
def offers(emulator, gateway):
    """The role that offers uploads a place."""
    return Role(emulator, gateway.role("connections"))


@pytest.fixture
def reads(emulator, gateway):
    """The role that reads them."""
    return Role(emulator, gateway.role("worker"))


@pytest.fixture
def stored(emulator):
    """What is in the bucket where a URL leads, or None."""

    def read(url):
        try:
            return emulator.client("s3").get_object(**bucket_and_key(url))["Body"].read()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey"

    return read


def code_of(call):
    """The error of a call that must be refused."""
    with pytest.raises(ClientError) as refusal:
        call()
    return refusal.value.response["Error"]["Code"]


# --- from the client to the agent


def test_a_prompt_that_was_uploaded_reaches_the_agent_as_it_came(client, gateway, agentcore):
    notes = "x" * 3_000_000
    upload = Uploaded(client, PROMPT | {"parameters": {"notes": notes}})
    assert upload.put()[0] == CREATED
    # Any number of requests may name it.
    for _ in range(2):
        request = ask(client, upload.id)
        assert client.ending(request).ending["type"] == "completed"
        (call,) = agentcore.calls(request)
        assert (call.body["prompt"], call.body["notes"]) == ("Hello", notes)
    assert "x" * 100 not in gateway.log("worker")


def test_whoever_asks_is_offered_a_place_of_their_own(client):
    one, another = Uploaded(client, PROMPT), Uploaded(client, PROMPT)
    assert bucket_and_key(one.url)["Key"] == folder_of("anonymous") + one.id
    assert one.id != another.id
    assert one.offer["expiresInMs"] == 300_000


def test_what_never_came_is_missing(client, agentcore):
    upload = Uploaded(client, PROMPT)
    request = ask(client, upload.id)
    ending = client.ending(request).ending
    assert (ending["type"], ending["code"], ending["retryable"]) == ("failed", "invalid_upload", False)
    assert agentcore.calls(request) == []


def test_what_is_too_large_is_offered_no_place(client):
    client.send({"action": "upload", "bytes": 20_000_001, "requestId": "r1"})
    rejected = client.answer("rejected")
    assert (rejected["code"], rejected["requestId"]) == ("too_large", "r1")


def test_a_gateway_without_uploads_says_so(connect, long_gateway):
    client = connect(deployment=long_gateway)
    client.send({"action": "upload", "bytes": 2, "requestId": "r1"})
    assert client.answer("rejected")["code"] == "invalid_request"
    assert client.ending(ask(client, new_id())).ending["code"] == "invalid_upload"
    assert long_gateway.bucket is None


def test_no_address_is_logged(client, gateway):
    upload = Uploaded(client, PROMPT)
    upload.put()
    for named in (upload.id, new_id()):
        client.ending(ask(client, named))
    for function in ("connections", "message", "worker"):
        assert "X-Amz-Signature" not in gateway.log(function)


# --- from a page


def test_pages_of_allowed_origins_may_put_and_others_may_not(client, stored):
    upload = Uploaded(client, PROMPT)
    status, headers = preflight(upload.url, ALLOWED_ORIGIN)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, ALLOWED_ORIGIN)
    assert "PUT" in headers["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed == {"content-type", "if-none-match"}
    for question in (
        {"origin": "https://evil.example.com"},
        {"origin": "null"},
        {"origin": ALLOWED_ORIGIN + ".example.com"},
        {"origin": ALLOWED_ORIGIN, "method": "GET"},
        {"origin": ALLOWED_ORIGIN, "method": "DELETE"},
        {"origin": ALLOWED_ORIGIN, "headers": "content-type,x-amz-acl"},
    ):
        status, headers = preflight(upload.url, **question)
        assert (status, headers["Access-Control-Allow-Origin"]) == (FORBIDDEN, None), question
    status, headers = upload.put(origin=ALLOWED_ORIGIN)
    assert (status, headers["Access-Control-Allow-Origin"]) == (CREATED, ALLOWED_ORIGIN)
    assert stored(upload.url) == upload.text


# --- one PUT, and no other


def test_an_upload_is_put_once(client, stored):
    upload = Uploaded(client, {"prompt": "first"})
    assert upload.put()[0] == CREATED
    assert put(upload.url, upload.text.replace(b"first", b"other"))[0] == EXISTS
    assert stored(upload.url) == upload.text


def test_only_what_was_asked_for_is_put(client, stored):
    upload = Uploaded(client, PROMPT)
    others = folder_of("ada")
    changed = {
        "longer": (upload.url, upload.text + b" ", SIGNED_HEADERS),
        "shorter": (upload.url, upload.text[:-1], SIGNED_HEADERS),
        "empty": (upload.url, b"", SIGNED_HEADERS),
        "another type": (upload.url, upload.text, SIGNED_HEADERS | {"Content-Type": "text/html"}),
        "over what is there": (upload.url, upload.text, {"Content-Type": "application/json"}),
        "another upload": (upload.url.replace(upload.id, "0" * 32), upload.text, SIGNED_HEADERS),
        "another's": (upload.url.replace(folder_of("anonymous"), others), upload.text, SIGNED_HEADERS),
        "no upload": (upload.url.replace("/uploads/", "/"), upload.text, SIGNED_HEADERS),
        "for longer": (upload.url.replace("X-Amz-Expires=300", "X-Amz-Expires=86400"), upload.text, SIGNED_HEADERS),
        "less is signed": (upload.url.replace("content-length%3B", ""), upload.text + b" ", SIGNED_HEADERS),
    }
    for what, (url, body, headers) in changed.items():
        assert url != upload.url or (body, headers) != (upload.text, SIGNED_HEADERS), f"{what}: nothing was changed"
        assert put(url, body, headers)[0] == FORBIDDEN, what
        assert stored(url) is None, what
    assert upload.put()[0] == CREATED


def test_an_address_is_good_for_five_minutes(gateway, offers, stored, monkeypatch):
    def signed(ago):
        """What the gateway would have offered then: its signatures are botocore's (tests/it/signing_s3.rs)."""
        time = datetime.now(UTC) - ago
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: time.replace(tzinfo=None))
        url = f"{gateway.emulator.url}/{gateway.bucket}/{folder_of('anonymous')}{new_id()}"
        request = AWSRequest("PUT", url, headers=SIGNED_HEADERS | {"Content-Length": "2"})
        credentials = Credentials(*(offers.credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))
        botocore.auth.S3SigV4QueryAuth(credentials, "s3", REGION, expires=300).add_auth(request)
        monkeypatch.undo()
        return request.url

    assert put(signed(timedelta(minutes=4, seconds=30)), b"{}")[0] == CREATED
    late = signed(timedelta(minutes=5, seconds=5))
    assert put(late, b"{}")[0] == FORBIDDEN
    assert stored(late) is None


def test_the_adapters_hold_what_they_say(gateway, offers, reads):
    """tests/it/s3/deployed.rs, with the credentials of the functions' roles."""
    environment = os.environ | {
        "AWS_REGION": REGION,
        "UPLOADS_URL": f"{gateway.emulator.url}/{gateway.bucket}",
        "OFFERS_CREDENTIALS": json.dumps(offers.credentials, default=str),
        "READS_CREDENTIALS": json.dumps(reads.credentials, default=str),
    }
    command = ["cargo", "test", "--locked", "--features", "functions", "--test", "it", "s3::deployed::", "--", "--ignored"]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "4 passed" in finished.stdout


# --- who may what


def test_who_offers_may_only_put(client, offers):
    upload = Uploaded(client, PROMPT)
    upload.put()
    s3, there = offers.client("s3"), bucket_and_key(upload.url)
    bucket, beside = {"Bucket": there["Bucket"]}, {"Bucket": there["Bucket"], "Key": "beside"}
    calls = [
        lambda: s3.get_object(**there),
        lambda: s3.delete_object(**there),
        lambda: s3.list_objects_v2(**bucket, Prefix="uploads/"),
        lambda: s3.put_object(**beside, Body=b"{}"),
        lambda: s3.delete_bucket_policy(**bucket),
        lambda: s3.put_bucket_cors(**bucket, CORSConfiguration={"CORSRules": []}),
    ]
    assert [code_of(call) for call in calls] == ["AccessDenied"] * len(calls)


def test_who_reads_may_only_read(client, emulator, reads):
    upload = Uploaded(client, PROMPT)
    upload.put()
    s3, there = reads.client("s3"), bucket_and_key(upload.url)
    bucket, beside = {"Bucket": there["Bucket"]}, {"Bucket": there["Bucket"], "Key": "beside"}
    emulator.client("s3").put_object(**beside, Body=b"{}")
    assert s3.get_object(**there)["Body"].read() == upload.text
    calls = [
        lambda: s3.get_object(**beside),
        lambda: s3.put_object(**there, Body=b"{}"),
        lambda: s3.delete_object(**there),
        lambda: s3.list_objects_v2(**bucket, Prefix="beside"),
        lambda: s3.delete_bucket_policy(**bucket),
    ]
    assert [code_of(call) for call in calls] == ["AccessDenied"] * len(calls)


def test_no_other_function_may_do_anything_there(client, emulator, gateway):
    upload = Uploaded(client, PROMPT)
    upload.put()
    there = bucket_and_key(upload.url)
    for name in ("message", "closer", "relay"):
        s3 = Role(emulator, gateway.role(name)).client("s3")
        calls = [
            lambda: s3.get_object(**there),
            lambda: s3.put_object(**there, Body=b"{}"),
            lambda: s3.list_objects_v2(Bucket=there["Bucket"], Prefix="uploads/"),
        ]
        assert [code_of(call) for call in calls] == ["AccessDenied"] * len(calls), name


def test_who_reads_may_list_uploads_for_else_what_is_missing_would_be_forbidden(gateway, reads):
    # The emulator tells everybody what is missing; AWS asks whether it may be listed, and nobody says with which prefix.
    s3, bucket = reads.client("s3"), {"Bucket": gateway.bucket}
    assert code_of(lambda: s3.get_object(**bucket, Key=folder_of("anonymous") + new_id())) == "NoSuchKey"
    for prefix in ({"Prefix": folder_of("anonymous")}, {}):
        s3.list_objects_v2(**bucket, **prefix)
        with gateway.without("worker", "s3:ListBucket"):
            assert code_of(lambda: s3.list_objects_v2(**bucket, **prefix)) == "AccessDenied"


def test_without_putting_nothing_can_be_uploaded(client, gateway, stored):
    upload = Uploaded(client, PROMPT)
    with gateway.without("connections", "s3:PutObject"):
        assert upload.put()[0] == FORBIDDEN
    assert stored(upload.url) is None
    assert upload.put()[0] == CREATED


def test_without_reading_a_prompt_waits_until_its_upload_can_be_read(client, gateway, agentcore):
    upload = Uploaded(client, PROMPT)
    upload.put()
    with gateway.visibility(5), gateway.without("worker", "s3:GetObject"):
        request = ask(client, upload.id)
        until(lambda: "s3:GetObject" in gateway.denials("worker"), "reading was refused")
        assert agentcore.calls(request) == []
    assert client.ending(request, seconds=90).ending["type"] == "completed"


def test_nobody_reaches_the_bucket_without_tls(client, emulator, gateway):
    upload = Uploaded(client, PROMPT)
    emulator.client("s3").put_bucket_policy(Bucket=gateway.bucket, Policy=gateway.bucket_policy)
    assert upload.put()[0] == FORBIDDEN
    emulator.client("s3").delete_bucket_policy(Bucket=gateway.bucket)
    assert upload.put()[0] == CREATED
