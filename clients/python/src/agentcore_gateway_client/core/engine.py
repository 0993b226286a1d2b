"""Runs and sessions over the connections there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import GatewayError
from ..types import Ending
from .asker import Asker
from .connection import Connection
from .delivery import Delivery
from .follower import Follower, Step
from .ids import check_ids, new_id
from .lines import Effects, Handlers
from .message import Frame
from .outbox import Outbox
from .run import RunState
from .runs import Runs
from .session import SessionState
from .times import Surroundings, Times

if TYPE_CHECKING:
    from .ask import Answer

#: The clock on the wall went on by so much more than the other one: the machine slept.
_SLEPT = 30.0
_FORGOTTEN = ("replay_expired", "The gateway no longer knows this request.")
_NO_ENDING = ("no_ending", "The gateway does not tell how this run ended.")


class Engine:
    """Asks for what is missing, and sends what waits. `Router` reads what comes."""

    def __init__(self, effects: Effects, times: Times, surroundings: Surroundings, session_id: str | None) -> None:
        self.session_id = new_id() if session_id is None else session_id
        check_ids(self.session_id)
        self.times = times
        self._now, self._wall, self._random = surroundings.now, surroundings.wall, surroundings.random
        self.runs = Runs(times, self._now, self._random)
        self.registry, self.sessions = self.runs.registry, self.runs.sessions
        self.outbox = Outbox(put=effects.put, send=self._send, random=self._random, now=self._now)
        handlers = Handlers(self._opened, self._gone, effects.changed)
        self.connection = Connection(effects, times, self._now, self._random, handlers)
        self.asker = Asker(self.connection, times, self._now)
        self._slept = self._wall() - self._now()

    def close(self, error: GatewayError) -> None:
        """Ends it, and all that waits here."""
        self.connection.close()
        for follower in self.registry.active:
            follower.run.fail(error.code, error.message, retryable=error.retryable)
        self.settle()
        for session in self.sessions.busy:
            session.ask.fail(error)
            for listener in tuple(session.listeners):
                listener.close()

    def prompt(self, session_id: str, request_id: str, message: Frame, *, may_be_known: bool) -> RunState:
        """Asks an agent; the run of that request if there is one already."""
        known = self.runs.find(session_id, request_id)
        if known is not None:
            return known
        run = RunState(session_id, request_id, asked_here=True)
        delivery = Delivery(run, message, self.times, self._now, may_be_known=may_be_known)
        self.outbox.check_room(len(delivery.text))
        self.runs.adopt(run).delivery = delivery
        self.outbox.add(delivery)
        self.settle()
        return run

    def resume(self, session_id: str, request_id: str) -> RunState:
        """The run of a request, from its first event on; one that was given up is asked for anew."""
        known = self.runs.find(session_id, request_id)
        if known is not None and not known.is_given_up:
            return known
        run = RunState(session_id, request_id, asked_here=False)
        self.asker.run(self.runs.adopt(run))
        return run

    def resume_latest(self, session: SessionState, answer: Answer) -> None:
        """Tells what runs in a session, or ran last."""
        session.ask.want(answer)
        self.runs.hold(session)
        self.asker.session(session)

    def stop(self, run: RunState) -> None:
        """Stops a run, queued or running."""
        follower = self.registry.find(run.key)
        if follower is None or run.stopping is not None:
            return
        run.stopping = "asked"
        delivery = follower.delivery
        if delivery and not run.accepted and not delivery.sends and not delivery.may_be_known:
            run.end(Ending("stopped"))  # it never left
        else:
            self.asker.stop(follower)
        self.settle()

    def followed(self, session: SessionState) -> None:
        """Somebody listens to a session now."""
        self.runs.hold(session)
        if session.is_followed and self.connection.is_open and not session.ask.is_open:
            session.ask.want()
            self.asker.session(session)

    def follow(self, follower: Follower, step: Step | None, *, is_known: bool) -> None:
        """Does what a follower says."""
        if step == "resume":
            self.asker.run(follower)
        elif step == "lost":
            follower.run.fail(*(_NO_ENDING if is_known else _FORGOTTEN))
        elif step == "send" and follower.delivery is not None:
            follower.delivery.again()
            self.outbox.add(follower.delivery)

    def tick(self) -> None:
        """Does what is due by the clock."""
        slept = self._wall() - self._now()
        if slept - self._slept > _SLEPT:
            self.connection.wake()
        self._slept = slept
        self.connection.tick()
        if not self.connection.is_open:
            return
        for follower in self.registry.active:
            if follower.run.accepted and self.outbox.find(follower.run) is None:
                self.follow(follower, follower.due(), is_known=True)
            if follower.is_stop_due:
                self.asker.stop(follower)
        for session in self.sessions.busy:
            self.runs.hold(session)  # whoever listened may have gone
            self.asker.session(session)
        self.asker.pump()
        self.outbox.pump()
        self.settle()

    def settle(self) -> None:
        """Lets go of the runs that have ended."""
        while self.runs.ended:
            run = self.runs.ended.pop()
            self.asker.over(self.runs.let_go(run))
            self.outbox.remove(run)

    def _opened(self) -> None:
        self.outbox.is_open = True
        for follower in self.registry.active:
            if follower.run.accepted:
                self.asker.run(follower)
            if follower.run.stopping == "asked":
                self.asker.stop(follower)
        for session in self.sessions.busy:
            # What runs here, or ran last, may come from another device. A resume of a run attaches too.
            if session.is_followed and not self.registry.is_busy(session.session_id):
                session.ask.want()
            self.asker.session(session)
        self.outbox.pump()
        self.settle()

    def _gone(self) -> None:
        for follower in self.registry.active:
            follower.disconnected()
        for session in self.sessions.busy:
            session.ask.disconnected()
        self.asker.disconnected()
        self.outbox.disconnected()

    def _send(self, text: str) -> bool:
        return self.connection.send(text)
