"""Reads what the gateway says, and gives it to whom it is for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .message import Frame, read_frame
from .run import RunState

if TYPE_CHECKING:
    from .engine import Engine
    from .follower import Follower

_log = logging.getLogger("agentcore_gateway_client")

_OF_RUN = ("progress", "started", "output", "completed", "failed", "stopped")


class Router:
    """Knows what each message means."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._routes = {
            "accepted": self._accepted,
            "rejected": self._rejected,
            "resumed": self._resumed,
            "stopping": self._stopping,
            "upload": engine.outbox.offered,
            **dict.fromkeys(_OF_RUN, self._of_run),
        }

    def receive(self, number: int, text: str) -> None:
        """Takes a message of a connection."""
        if not self._engine.connection.heard(number):
            return
        frame = read_frame(text)
        if frame is None:
            return
        if "type" not in frame:
            self._engine.outbox.gateway_error()
        elif isinstance(kind := frame["type"], str) and (route := self._routes.get(kind)) is not None:
            route(frame)  # whatever else a later gateway may add is ignored
        self._engine.settle()

    def _accepted(self, frame: Frame) -> None:
        follower = self._known(frame)
        if follower is None:
            return
        follower.run.accept()
        follower.accepted()
        delivery = self._engine.outbox.find(follower.run)
        self._engine.outbox.remove(follower.run)
        # Sent again it attaches nothing, and may run, or have ended, since the first time.
        if delivery is not None and (delivery.sends > 1 or delivery.may_be_known):
            self._engine.asker.run(follower)

    def _stopping(self, frame: Frame) -> None:
        follower = self._known(frame)
        if follower is not None:
            follower.run.stopping = "recorded"
            follower.run.changed()

    def _of_run(self, frame: Frame) -> None:
        follower = self._known(frame)
        if follower is None:
            return
        run, engine = follower.run, self._engine
        engine.outbox.remove(run)
        before = run.order.after
        run.take(frame)
        follower.heard(moved=run.order.after != before)
        engine.asker.moved(follower)
        if frame["type"] == "failed" and frame.get("code") == "busy":
            self._busy(run)
        # What is missing is asked for, unless the answer to an earlier question is on its way: then the clock asks again.
        if run.ending is None and run.order.has_gap and follower.due() == "resume":
            engine.asker.run(follower)

    def _busy(self, refused: RunState) -> None:
        """A prompt waits for its turn, unless what runs goes on after its call. No frame of that run says so, but this does."""
        for follower in self._engine.registry.active:
            run = follower.run
            if run.session_id == refused.session_id and run.state == "running":
                run.background = True
                run.changed()

    def _resumed(self, frame: Frame) -> None:
        engine = self._engine
        session = engine.sessions.find(frame.get("sessionId"))
        if session is None:
            return
        request_id, state = frame.get("requestId"), str(frame.get("state"))
        if not isinstance(request_id, str):
            session.ask.resumed(None)
            engine.asker.over(session)
            engine.runs.hold(session)
            return
        follower = engine.registry.find((session.session_id, request_id))
        known = follower.run if follower else session.find(request_id)
        was_asked = follower is not None and follower.is_asking
        if session.ask.is_open and (known is None or known.is_given_up):
            known = RunState(session.session_id, request_id, asked_here=False)
            follower = engine.runs.adopt(known)
        if not was_asked and session.ask.is_open:
            session.ask.resumed(known)
            engine.asker.over(session)
        if follower is not None:
            self._follow(follower, frame, state)
        engine.runs.hold(session)

    def _follow(self, follower: Follower, frame: Frame, state: str) -> None:
        follower.run.found(state)
        step = follower.resumed(frame)
        if state in ("running", "queued"):
            self._engine.asker.over(follower)
        self._engine.follow(follower, step, is_known=False)

    def _rejected(self, frame: Frame) -> None:
        engine = self._engine
        if engine.outbox.rejected(frame):
            return
        code, message = str(frame.get("code")), str(frame.get("message"))
        follower = engine.registry.named(frame.get("requestId"))
        if follower is None:
            self._rejected_ask(frame)
        elif code == "not_found" and follower.run.stopping == "asked":
            follower.run.stopping = "recorded"  # it has ended already, and how is what a resume tells
            engine.asker.run(follower)
        elif code in ("not_found", "replay_expired"):
            follower.run.fail(code, message)
        elif follower.is_asking:
            follower.refused()
            engine.asker.over(follower)

    def _rejected_ask(self, frame: Frame) -> None:
        engine = self._engine
        session = next((one for one in engine.sessions.busy if one.ask.is_awaiting), None)
        if "requestId" in frame or session is None:
            _log.debug("refused: %s", frame.get("code"))
            return
        session.ask.rejected(frame)
        engine.asker.over(session)
        engine.runs.hold(session)

    def _known(self, frame: Frame) -> Follower | None:
        """What is known of a run; one of another device is new here, if anybody wants to hear of it."""
        session_id, request_id = frame.get("sessionId"), frame.get("requestId")
        if not isinstance(session_id, str) or not isinstance(request_id, str):
            return None
        key = (session_id, request_id)
        known = self._engine.registry.find(key)
        if known is not None or self._engine.registry.has_ended(key):
            return known
        session = self._engine.sessions.find(session_id)
        if session is None or not session.is_followed:
            return None
        return self._engine.runs.adopt(RunState(session_id, request_id, asked_here=False))
