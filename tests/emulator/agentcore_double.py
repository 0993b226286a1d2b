"""A double of AgentCore Runtime's data plane: strict about what it is sent, with a real agent behind it.

It checks path, headers, signature and permissions as AWS does, records every call, and passes the body on to the agent and
the agent's events back, one by one. A request can be given a behaviour, which happens instead.
"""

import gzip
import http.client
import json
import re
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

from ports import free_port
from signature import BadSignature, verify

SESSION_HEADER = "x-amzn-bedrock-agentcore-runtime-session-id"
_ACTIONS = {"invocations": "InvokeAgentRuntime", "stopruntimesession": "StopRuntimeSession"}
_PATH = re.compile(r"/runtimes/(?P<arn>[^/]+)/(?P<operation>invocations|stopruntimesession)")


class Refused(Exception):
    """An answer like AWS's own errors."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Refuse:
    """Answers with an error, always or the first so many times."""

    def __init__(self, status, code, times=None):
        self._error = Refused(status, code, "as the test wants")
        self._left = times

    def begin(self, _call):
        if self._left == 0:
            return
        if self._left is not None:
            self._left -= 1
        raise self._error


class Hold:
    """Lets so many events through, then nothing until the test releases it or the session is stopped."""

    def __init__(self, after):
        self._after = after
        self._released = threading.Event()
        self.reached = threading.Event()

    def release(self):
        self._released.set()

    def event(self, number, call):
        if number == self._after:
            self.reached.set()
            call.wait_for(self._released)


class Cut:
    """Breaks the connection off after so many events."""

    def __init__(self, after):
        self._after = after

    def event(self, number, _call):
        if number == self._after:
            raise ConnectionAbortedError


class Answer:
    """Answers with this instead of calling the agent."""

    def __init__(self, content_type, body, *, encoding=None, status=200):
        self.status, self.content_type = status, content_type
        self.body = gzip.compress(body) if encoding == "gzip" else body
        self.encoding = encoding


@dataclass
class Call:
    """One call of either operation."""

    operation: str
    session: str
    body: dict
    request: str | None = None
    status: int | None = None
    # Whether another invocation of the session was under way when this one began.
    overlaps: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)

    def wait_for(self, event):
        """Waits for the event of a test, or for the session's end."""
        while not event.wait(0.02):
            if self.stopped.is_set():
                raise ConnectionAbortedError


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A function that was killed leaves its connections behind."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class AgentCoreDouble:
    """Serves one runtime."""

    def __init__(self, *, runtime_arn, endpoint_name, region, agent_port, find_credentials, is_allowed):
        self.runtime_arn = runtime_arn
        self._endpoint_name = endpoint_name
        self._region = region
        self._agent_port = agent_port
        self._find_credentials = find_credentials
        self._is_allowed = is_allowed
        self._lock = threading.Lock()
        self._calls = []
        # What was refused, for whatever reason.
        self.refusals = []
        self._behaviours = {}
        self._server = _Server(("127.0.0.1", free_port()), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def behave(self, request, behaviour):
        """What happens to invocations with this request id. Returns the behaviour."""
        self._behaviours[request] = behaviour
        return behaviour

    def calls(self, request=None, operation="InvokeAgentRuntime"):
        """The calls so far, of one request or all, in the order in which they came; refused ones too."""
        with self._lock:
            return [call for call in self._calls if call.operation == operation and request in (None, call.request)]

    def behaviour(self, call):
        return self._behaviours.get(call.request)

    def begin(self, call):
        """Records the call. An invocation that was refused never reached the agent, so it overlaps with nothing."""
        with self._lock:
            running = [other for other in self._invocations(call.session) if not other.finished.is_set()]
            call.overlaps = call.operation == "InvokeAgentRuntime" and bool(running)
            self._calls.append(call)

    def stop(self, session):
        """Ends what runs in the session; AWS answers 404 if it does not exist."""
        with self._lock:
            alive = [call for call in self._invocations(session) if not call.stopped.is_set()]
            for call in alive:
                call.stopped.set()
        if not alive:
            raise Refused(404, "ResourceNotFoundException", "there is no such session")

    def _invocations(self, session):
        return [call for call in self._calls if call.session == session and call.operation == "InvokeAgentRuntime"]

    def check(self, method, target, headers, body):
        """Returns the call, or refuses it, with the checks in AWS's order."""
        parts = urlsplit(target)
        found = _PATH.fullmatch(parts.path)
        if method != "POST" or not found:
            raise Refused(404, "UnknownOperationException", "no such operation")
        action = _ACTIONS[found["operation"]]
        self._check_caller(target, headers, body, action)
        self._check_runtime(found["arn"], parse_qs(parts.query))
        session = headers.get(SESSION_HEADER, "")
        if not 33 <= len(session) <= 256:
            raise Refused(400, "ValidationException", "the runtime session id has 33 to 256 characters")
        if action == "InvokeAgentRuntime" and headers.get("content-type") != "application/json":
            raise Refused(400, "ValidationException", "the agent takes application/json")
        content = json.loads(body or b"{}")
        return Call(action, session, content, request=content.get("requestId"))

    def _check_caller(self, target, headers, body, action):
        url = f"http://{headers.get('host')}{target}"
        try:
            key = verify(
                "POST", url, headers, body, service="bedrock-agentcore", region=self._region, find_credentials=self._find_credentials
            )
        except BadSignature as error:
            # The part after the colon comes from AWS too, and is to be cut off.
            raise Refused(403, "InvalidSignatureException:http://internal.amazon.com/coral/", str(error)) from None
        for resource in (self.runtime_arn, f"{self.runtime_arn}/runtime-endpoint/{self._endpoint_name}"):
            if not self._is_allowed(key, f"bedrock-agentcore:{action}", resource):
                raise Refused(403, "AccessDeniedException", f"not authorized to perform {action} on {resource}")

    def _check_runtime(self, segment, query):
        if segment.lower() != quote(self.runtime_arn, safe="").lower():
            raise Refused(404, "ResourceNotFoundException", f"no runtime {unquote(segment)}")
        if query != {"qualifier": [self._endpoint_name]}:
            raise Refused(404, "ResourceNotFoundException", f"no endpoint {query}")

    def agent_events(self, call, body):
        """Invokes the agent; gives its content type, then its events as they come."""
        agent = http.client.HTTPConnection("127.0.0.1", self._agent_port, timeout=60)
        try:
            agent.request("POST", "/invocations", body, {SESSION_HEADER: call.session, "content-type": "application/json"})
            response = agent.getresponse()
            if response.status != 200:
                raise Refused(424, "RuntimeClientError", f"the agent answered {response.status}: {response.read().decode()}")
            yield response.headers["content-type"]
            event = b""
            while line := response.readline():
                event += line
                if line == b"\n":
                    yield event
                    event = b""
            if event:
                yield event
        finally:
            agent.close()


def _handler(double):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = None
            try:
                call = double.check(self.command, self.path, headers, body)
                double.begin(call)
                if call.operation == "StopRuntimeSession":
                    double.stop(call.session)
                    self._answer(200, {"runtimeSessionId": call.session, "statusCode": 200})
                    call.status = 200
                else:
                    self._invoke(call, body)
            except Refused as error:
                double.refusals.append(error)
                if call:
                    call.status = error.status
                self._answer(error.status, {"message": error.message}, code=error.code)
            except ConnectionError:
                self.close_connection = True
            finally:
                if call:
                    call.finished.set()

        do_GET = do_PUT = do_DELETE = do_POST

        def log_message(self, *_):
            pass

        def _answer(self, status, content, code=None):
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            if code:
                self.send_header("x-amzn-errortype", code)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer_with(self, answer):
            self.send_response(answer.status)
            self.send_header("content-type", answer.content_type)
            if answer.encoding:
                self.send_header("content-encoding", answer.encoding)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def _invoke(self, call, body):
            behaviour = double.behaviour(call)
            if hasattr(behaviour, "begin"):
                behaviour.begin(call)
            if hasattr(behaviour, "answer"):
                behaviour = behaviour.answer(call)
            if isinstance(behaviour, Answer):
                call.status = behaviour.status
                return self._answer_with(behaviour)
            events = double.agent_events(call, body)
            content_type = next(events)
            call.status = 200
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self._pass_on(call, behaviour, events)

        def _pass_on(self, call, behaviour, events):
            listening = True
            for number, event in enumerate(events):
                if hasattr(behaviour, "event"):
                    behaviour.event(number, call)
                if call.stopped.is_set():
                    raise ConnectionAbortedError
                # AgentCore does not tell the agent that its caller left: it goes on to the end.
                listening = listening and self._write(event)
            listening and self._write(b"")

        def _write(self, chunk):
            try:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                return True
            except ConnectionError:
                self.close_connection = True
                return False

    return Handler
