"""Uploading as a browser does: a preflight, and one PUT of what the page has."""

import hashlib
import json
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from client import new_id

SIGNED_HEADERS = {"Content-Type": "application/json", "If-None-Match": "*"}


class Uploaded:
    """What may be uploaded: its id, its address, and its text."""

    def __init__(self, client, content):
        self.text = json.dumps(content).encode()
        client.send({"action": "upload", "bytes": len(self.text)})
        self.offer = client.answer("upload")
        self.id, self.url = self.offer["uploadId"], self.offer["url"]

    def put(self, **changes):
        return put(self.url, self.text, **changes)


def ask(client, upload):
    """Sends a prompt that names an upload; returns its request id once it is accepted."""
    request = new_id()
    client.send({"upload": upload, "sessionId": client.session, "requestId": request})
    assert client.answer("accepted")["requestId"] == request
    return request


def put(url, body, headers=SIGNED_HEADERS, origin=None):
    """The status and the headers of the answer to a PUT."""
    return _send("PUT", url, headers | ({"Origin": origin} if origin else {}), body)


def preflight(url, origin, method="PUT", headers="content-type,if-none-match"):
    """The same of a browser's question whether a page of `origin` may send such a request."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return _send("OPTIONS", url, asked)


def bucket_and_key(url):
    """Where an upload is, which the emulator has in the path."""
    _, bucket, key = urlsplit(url).path.split("/", 2)
    return {"Bucket": bucket, "Key": key}


def folder_of(principal):
    """What the keys of a principal's uploads begin with."""
    return f"uploads/{hashlib.sha256(principal.encode()).hexdigest()[:32]}/"


def _send(method, url, headers, body=None):
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers
