"""A client that keeps the client rules of docs/protocol.md and holds the gateway to the rest of it."""

import json
import time
import uuid
from collections import defaultdict
from contextlib import ExitStack

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from frames import Reply, parse

PATIENCE = 15


def new_id():
    return f"id-{uuid.uuid4()}"


class Client:
    """One connection. Frames of runs are kept by request; all else is answers, in the order in which they came."""

    def __init__(self, url, *, session=None, continues=None, **options):
        """`continues` is a client of the same device, whose connection is lost and whose frames it still has."""
        self.session = continues.session if continues else session
        self._replies = continues._replies if continues else defaultdict(Reply)
        self._connection = ExitStack()
        self._socket = self._connection.enter_context(connect(url, open_timeout=PATIENCE, **options))
        self._answers = []
        self.progress = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def cut(self):
        """Drops the connection without a word."""
        self._socket.socket.close()

    def reply(self, request):
        """What has come of a request's reply so far."""
        return self._replies[request]

    def send(self, message):
        self._socket.send(json.dumps(message))

    def ask(self, prompt, *, request=None, **members):
        """Sends a prompt; returns its request id once it is accepted."""
        request = request or new_id()
        if self.session is not None:
            members["sessionId"] = self.session
        self.send({"prompt": prompt, "requestId": request, **members})
        accepted = self.answer("accepted")
        assert accepted["requestId"] == request
        self.session = accepted["sessionId"]
        return request

    def resume(self, request=None, after=0):
        """Asks for what was missed; returns the answer before the replay."""
        message = {"action": "resume", "sessionId": self.session, "after": after}
        self.send(message | ({"requestId": request} if request else {}))
        return self.answer("resumed")

    def stop(self, request=None):
        self.send({"action": "stop", "sessionId": self.session} | ({"requestId": request} if request else {}))

    def answer(self, kind=None, seconds=PATIENCE):
        """The next answer, which must be of this kind."""
        self._receive_until(lambda: self._answers, seconds, f"an answer {kind or ''}")
        answer = self._answers.pop(0)
        assert kind in (None, answer["type"]), f"{answer} instead of {kind}"
        return answer

    def ending(self, request, seconds=PATIENCE):
        """The whole reply of a request, when its last frame is there."""
        reply = self._replies[request]
        self._receive_until(lambda: reply.ending, seconds, f"the end of {request}")
        return reply.check()

    def output(self, request, events=1, seconds=PATIENCE):
        """The reply of a request, when so many events are there."""
        reply = self._replies[request]
        self._receive_until(lambda: len(reply.events) >= events, seconds, f"{events} events of {request}")
        return reply

    def catch_up(self):
        """Takes all that was sent to this client before now: the gateway answers a ping in its turn."""
        self.send({"action": "ping"})
        self._receive_until(lambda: {"type": "pong"} in self._answers, PATIENCE, "a pong")
        self._answers.remove({"type": "pong"})

    @property
    def unread_answers(self):
        return list(self._answers)

    def is_closed(self, seconds=PATIENCE):
        """Whether the gateway closes the connection in time."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self._receive(deadline)
        except ConnectionClosed:
            return True
        except TimeoutError:
            return False

    def _receive_until(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        try:
            while not condition():
                self._receive(deadline)
        except TimeoutError:
            frames = {request: reply.frames for request, reply in self._replies.items()}
            raise AssertionError(f"not within {seconds} s: {what}; there are {self._answers} and {frames}") from None

    def _receive(self, deadline):
        message = parse(self._socket.recv(timeout=max(0, deadline - time.monotonic())))
        if "seq" in message:
            self._replies[message["requestId"]].add(message)
        elif message["type"] == "progress":
            self.progress.append(message)
        else:
            self._answers.append(message)
