"""Asks the gateway for runs, and to stop them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .message import Frame, to_json
from .replays import Replays

if TYPE_CHECKING:
    from .connection import Connection
    from .follower import Follower
    from .session import SessionState
    from .times import Now, Times


class Asker:
    """Sends resumes, one replay after the other, and stops."""

    def __init__(self, connection: Connection, times: Times, now: Now) -> None:
        self._connection = connection
        self._replays = Replays(times, now)

    def run(self, follower: Follower) -> None:
        """Asks for what is missing of a run, when its turn comes."""
        if self._connection.is_open:
            self._replays.want(follower, lambda: self._send_resume(follower))

    def session(self, session: SessionState) -> None:
        """Asks what runs in a session, if that is to be asked now."""
        if session.ask.is_due and self._connection.is_open:
            self._replays.want(session, lambda: self._send_latest(session))

    def stop(self, follower: Follower) -> None:
        """Asks to stop a run."""
        run = follower.run
        if self._transmit({"action": "stop", "sessionId": run.session_id, "requestId": run.request_id}):
            follower.stop_asked()

    def moved(self, follower: Follower) -> None:
        """Something of a run has come."""
        self._replays.moved(follower)

    def over(self, what: Follower | SessionState | None) -> None:
        """Nothing more of it is replayed, or wanted."""
        self._replays.over(what)

    def disconnected(self) -> None:
        """Nothing is replayed any more; the next connection asks anew."""
        self._replays.disconnected()

    def pump(self) -> None:
        """Asks for the next one, if its turn has come."""
        self._replays.pump()

    def _transmit(self, message: Frame) -> bool:
        return self._connection.send(to_json(message))

    def _send_resume(self, follower: Follower) -> bool:
        run = follower.run
        ids = {"sessionId": run.session_id, "requestId": run.request_id}
        if run.ending is not None or not self._transmit({"action": "resume", **ids, "after": run.order.after}):
            return False
        follower.asked()
        return True

    def _send_latest(self, session: SessionState) -> bool:
        message = {"action": "resume", "sessionId": session.session_id, "after": session.last_seq}
        if not session.ask.is_open or not self._transmit(message):
            return False
        session.ask.sent()
        return True
