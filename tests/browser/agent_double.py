"""An agent on loopback that answers each invocation with the events that a test gives it, as the Python SDK sends them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class AgentDouble:
    def __init__(self, events):
        handler = type("Handler", (Handler,), {"events": events})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    events = ()

    def do_GET(self):  # /ping
        self._reply("application/json", b'{"status":"Healthy"}')

    def do_POST(self):  # /invocations
        self.rfile.read(int(self.headers["Content-Length"]))
        self._reply("text/event-stream", b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in self.events))

    def _reply(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
