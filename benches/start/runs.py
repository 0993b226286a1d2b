"""All that a worker talks to in a run, on loopback: table, queue, connections and an agent, each of which does as it is asked."""

import json
import threading
import time

from servers import Handler, Server

HALF = 0.5
# So many events at a time: the agents must not be what the processors are busy with.
TOGETHER = 10


class Aws(Server):
    """Agents reply with so many events, spread over so many seconds. The table knows the session of each claim."""

    def __init__(self, events, seconds):
        super().__init__(AwsHandler)
        self.events, self.seconds = events, seconds
        self.calls = self.pushes = 0
        self.sessions = {}
        self._began = threading.Event()

    def settings(self):
        url = f"http://{self.address}"
        names = ("AWS_ENDPOINT_URL", "AGENTCORE_ENDPOINT_URL", "MANAGEMENT_ENDPOINT")
        return dict.fromkeys(names, url) | {"PROMPTS_QUEUE_URL": f"{url}/123456789012/prompts.fifo"}

    def begins(self):
        self.calls += 1
        self._began.set()

    def half_over(self):
        """Waits until the replies are half over."""
        self._began.wait()
        time.sleep(self.seconds * HALF)

    def answer_table(self, operation, request):
        key = json.dumps(request.get("Key"), sort_keys=True)
        values = request.get("ExpressionAttributeValues", {})
        if operation == "UpdateItem" and ":active" in values:
            item = {"active": values[":active"], "connections": values[":connections"], "expires_at": values[":expires_at"]}
            self.sessions[key] = item | {name: values[":now"] for name in attached(request)}
        if operation == "UpdateItem":
            return {"Attributes": self.sessions.get(key, {})}
        if operation == "GetItem":
            return {"Item": self.sessions[key]} if key in self.sessions else {}
        return {"Items": []} if operation == "Query" else {}


def attached(request):
    """The names of the attributes that say when a connection was attached."""
    names = request.get("ExpressionAttributeNames", {}).values()
    return [name for name in names if name.startswith("attached#")]


class AwsHandler(Handler):
    def do_POST(self):
        body = self.body()
        if self.path.startswith("/runtimes/"):
            self._reply()
        elif self.path.startswith("/@connections/"):
            self.server.pushes += 1
            self.answer(200)
        else:
            operation = self.headers["x-amz-target"].rpartition(".")[2]
            answer = self.server.answer_table(operation, json.loads(body))
            self.answer(200, json.dumps(answer).encode(), Content_Type="application/x-amz-json-1.0")

    def _reply(self):
        self.server.begins()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        began = time.monotonic()
        for first in range(0, self.server.events, TOGETHER):
            due = began + self.server.seconds * first / self.server.events
            time.sleep(max(0.0, due - time.monotonic()))
            events = "".join(f'data: "word {number} "\n\n' for number in range(first, first + TOGETHER)).encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(events), events))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
