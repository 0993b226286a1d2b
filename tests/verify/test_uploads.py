"""The check of uploads, against places that take what they should not."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import outcome
from faulty import Fault


class Bucket(BaseHTTPRequestHandler):
    """Answers every PUT with the next of the statuses of its server."""

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.statuses.pop(0))
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def bucket(*statuses):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.statuses = list(statuses)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class ElsewhereUploaded(Fault):
    def __init__(self, url):
        self._url = url

    async def to_client(self, line, frame, text):
        await line.client.send(json.dumps(frame | {"url": self._url}) if frame["type"] == "upload" else text)


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ([200], "one that is shorter than was said was answered with 200"),
        ([403, 403], "the upload was answered with 403"),
        ([403, 200, 200], "a second upload to the same address was answered with 200"),
        # What is not there when its prompt's turn comes.
        ([403, 200, 412], "should be completed, and is failed (invalid_upload"),
    ],
)
def test_a_place_for_uploads_that_takes_too_much_or_nothing(url, statuses, words):
    with bucket(*statuses) as address:
        result, told = outcome(url, "uploads", ElsewhereUploaded(address))
    assert result == "broken" and words in told


def test_a_place_for_uploads_that_is_not_there(url):
    result, words = outcome(url, "uploads", ElsewhereUploaded("http://127.0.0.1:1/"))
    assert result == "broken" and "does not answer" in words


def test_a_gateway_without_uploads(gateway_with):
    result, words = outcome(gateway_with("--max-upload-bytes", "0"), "uploads")
    assert result == "skipped" and "no uploads" in words
