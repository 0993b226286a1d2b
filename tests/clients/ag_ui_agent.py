"""An AG-UI agent by the contract of AgentCore, made of AG-UI's own package and no framework.

    python tests/clients/ag_ui_agent.py

It prints its address. What it does is by the last message: `approve …` asks a person first and goes on when the answer is in the next
run's `resume`; `break` fails; anything else is said back, with a tool call before it.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ag_ui.core import (
    Interrupt,
    RunAgentInput,
    RunErrorEvent,
    RunFinishedEvent,
    RunFinishedInterruptOutcome,
    RunStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)
from ag_ui.encoder import EventEncoder


def say(message_id, *pieces):
    yield TextMessageStartEvent(message_id=message_id, role="assistant")
    for piece in pieces:
        yield TextMessageContentEvent(message_id=message_id, delta=piece)
    yield TextMessageEndEvent(message_id=message_id)


def call(call_id, name, arguments):
    yield ToolCallStartEvent(tool_call_id=call_id, tool_call_name=name)
    text = json.dumps(arguments, ensure_ascii=False)
    yield ToolCallArgsEvent(tool_call_id=call_id, delta=text[:8])
    yield ToolCallArgsEvent(tool_call_id=call_id, delta=text[8:])
    yield ToolCallEndEvent(tool_call_id=call_id)


def ask(run, text):
    """Asks for approval of a tool call; the run is over until there is an answer."""
    call_id = f"{run.run_id}-send"
    yield from call(call_id, "send_mail", {"text": text})
    interrupt = Interrupt(id=call_id, reason="tool_call", message=f"Send “{text}”?", tool_call_id=call_id)
    yield finished(run, RunFinishedInterruptOutcome(type="interrupt", interrupts=[interrupt]))


def go_on(run):
    answer = run.resume[0]
    is_approved = answer.status == "resolved" and bool(answer.payload and answer.payload.get("approved"))
    result = "sent" if is_approved else "not sent"
    yield ToolCallResultEvent(message_id=f"{run.run_id}-result", tool_call_id=answer.interrupt_id, content=result)
    yield from say(f"{run.run_id}-m", "It is ", result, ".")
    yield finished(run)


def echo(run, text):
    yield from call(f"{run.run_id}-c", "look_up", {"text": text})
    yield ToolCallResultEvent(message_id=f"{run.run_id}-r", tool_call_id=f"{run.run_id}-c", content="found")
    yield from say(f"{run.run_id}-m", "You said ", text, " 🦀")
    yield finished(run)


def finished(run, outcome=None):
    return RunFinishedEvent(thread_id=run.thread_id, run_id=run.run_id, outcome=outcome)


def events(run):
    yield RunStartedEvent(thread_id=run.thread_id, run_id=run.run_id)
    text = run.messages[-1].content if run.messages else ""
    if run.resume:
        yield from go_on(run)
    elif text == "break":
        yield RunErrorEvent(message="It broke.", code="broken")
    elif text.startswith("approve "):
        yield from ask(run, text.removeprefix("approve "))
    else:
        yield from echo(run, text)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer("application/json", b'{"status":"Healthy"}')

    def do_POST(self):
        run = RunAgentInput.model_validate_json(self.rfile.read(int(self.headers["Content-Length"])))
        encoder = EventEncoder()
        body = "".join(encoder.encode(event) for event in events(run))
        self.answer(encoder.get_content_type(), body.encode())

    def answer(self, content_type, body):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The tests read standard output."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
