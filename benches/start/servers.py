"""What a function talks to, on loopback: Lambda's Runtime API, and a queue."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

NEXT = "/2018-06-01/runtime/invocation/next"
FOREVER_MS = "4102444800000"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write for each answer, and no waiting for more.
    wbufsize = -1
    disable_nagle_algorithm = True

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Serves from the first `with` to the end of it."""

    daemon_threads = True
    # Connections that come at once.
    request_queue_size = 2048

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def handle_error(self, request, client_address):
        """A function that is ended closes its connections, which is no error here."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class RuntimeApi(Server):
    """Lambda's Runtime API, for one function."""

    def __init__(self):
        super().__init__(RuntimeApiHandler)
        self.polls = SimpleQueue()
        self._events = SimpleQueue()
        self._answers = SimpleQueue()

    def begin(self, events):
        """Gives the function these events, as soon as it asks for each."""
        for event in events:
            self._events.put(json.dumps(event).encode())

    def answers(self, count):
        """The next so many answers of the function."""
        return [self._answer() for _ in range(count)]

    def _answer(self):
        path, answer = self._answers.get(timeout=60)
        if not path.endswith("/response"):
            raise RuntimeError(f"the function failed: {answer.decode()}")
        return json.loads(answer)


class RuntimeApiHandler(Handler):
    def do_GET(self):
        self.server.polls.put(time.perf_counter())
        event = self.server._events.get()
        self.answer(
            200,
            event,
            Lambda_Runtime_Aws_Request_Id="invocation",
            Lambda_Runtime_Deadline_Ms=FOREVER_MS,
            Lambda_Runtime_Invoked_Function_Arn="arn:aws:lambda:us-east-1:123456789012:function:bench",
        )

    def do_POST(self):
        self.server._answers.put((self.path, self.body()))
        self.answer(202)


class Queue(Server):
    """A queue that takes everything, and counts."""

    def __init__(self):
        super().__init__(QueueHandler)
        self.sent = 0


class QueueHandler(Handler):
    def do_POST(self):
        self.body()
        self.server.sent += 1
        body = json.dumps({"MessageId": "message", "MD5OfMessageBody": "", "SequenceNumber": "1"}).encode()
        self.answer(200, body, Content_Type="application/x-amz-json-1.0")
