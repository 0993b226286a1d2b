"""Checks signatures of requests with botocore, which shares no code with the gateway's signer."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_CLOCK_SKEW = timedelta(minutes=5)


class BadSignature(Exception):
    """What AWS would refuse, and why."""


class _Recomputed(SigV4Auth):
    """Signs exactly the headers that the request says are signed."""

    def headers_to_sign(self, request):
        return request.headers


def verify(method, url, headers, body, *, service, region, find_credentials):
    """Returns the access key that signed the request.

    `url` is the one the client used, its path as it came over the wire; `headers` has its headers in lower case.
    `find_credentials` gives the credentials of an access key, or None.
    """
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not found:
        raise BadSignature("the Authorization header is missing or no SigV4")
    if (found["service"], found["region"]) != (service, region):
        raise BadSignature(f"signed for {found['service']} in {found['region']}")
    credentials = find_credentials(found["key"])
    if credentials is None:
        raise BadSignature(f"the access key {found['key']} is not known")
    if headers.get("x-amz-security-token") != credentials.token:
        raise BadSignature("the session token is not that of the access key")
    timestamp = headers.get("x-amz-date", "")
    _check_time(timestamp, found["date"])
    signed = found["headers"].split(";")
    _check_headers(signed, headers)
    _check_payload(headers.get("x-amz-content-sha256"), body)
    expected = _signature(method, url, {name: headers[name] for name in signed}, body, timestamp, credentials, service, region)
    if not hmac.compare_digest(expected, found["signature"]):
        raise BadSignature("the signature does not match")
    return found["key"]


def _check_time(timestamp, date):
    try:
        signed_at = datetime.strptime(timestamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise BadSignature("x-amz-date is missing or no time") from None
    if timestamp[:8] != date or abs(datetime.now(UTC) - signed_at) > _CLOCK_SKEW:
        raise BadSignature("the time of the signature is wrong")


def _check_headers(signed, headers):
    if missing := [name for name in signed if name not in headers]:
        raise BadSignature(f"signed headers that did not come: {missing}")
    # Of the headers AWS wants signed all of these; proxies on the way change user-agent and trace id.
    wanted = {name for name in headers if name.startswith("x-amz-")} | {"host"}
    if unsigned := wanted - set(signed):
        raise BadSignature(f"headers that have to be signed: {sorted(unsigned)}")
    if changing := {"user-agent", "x-amzn-trace-id"} & set(signed):
        raise BadSignature(f"headers that must not be signed: {sorted(changing)}")


def _check_payload(digest, body):
    if digest not in (None, "UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
        raise BadSignature("x-amz-content-sha256 is not the body's")


def _signature(method, url, headers, body, timestamp, credentials, service, region):
    request = AWSRequest(method, url, headers=headers, data=body)
    request.context["timestamp"] = timestamp
    signer = _Recomputed(credentials, service, region)
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


def credentials_of(environment):
    """The credentials that a function finds in its environment."""
    return Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_SESSION_TOKEN"])
