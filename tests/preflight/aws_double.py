"""What preflight asks AWS for, on loopback: each answer is what a test says."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCOUNT = "111122223333"
STS = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{0}:user/ann</Arn><UserId>AIDA</UserId><Account>{0}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""
STS_ERROR = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>No.</Message></Error></ErrorResponse>"

IDENTITY = ("POST", "/")
LIMITS = ("GET", "/2016-08-19/account-settings")
LOGS_ROLE = ("GET", "/account")


def reserved(function):
    return ("GET", f"/2019-09-30/functions/{function}/concurrency")


def runtime(name):
    return ("GET", f"/runtimes/{name}/")


def endpoint(runtime, name):
    return ("GET", f"/runtimes/{runtime}/runtime-endpoints/{name}/")


def released(key, bucket="releases"):
    return ("HEAD", f"/{bucket}/{key}" if key else f"/{bucket}")


def failure(status, code):
    """An answer that is an error."""
    return status, {"message": "No."}, code


class AwsDouble:
    """Answers by method and path; what it has no answer for does not exist. `asked` is what came."""

    def __init__(self):
        self.answers = {IDENTITY: (200, STS.format(ACCOUNT))}
        self.asked = []

    def __enter__(self):
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked = (self.command, self.path.split("?")[0])
                double.asked.append((*asked, self.headers["Authorization"].split("/")[2]))
                status, body, *code = double.answers.get(asked, failure(404, "ResourceNotFoundException"))
                self.send_response(status)
                if code:
                    self.send_header("x-amzn-errortype", code[0])
                for name, value in (body.get("headers", {}) if isinstance(body, dict) else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

            do_POST = do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
