"""Prompts that are not known to be accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import GatewayError
from .delivery import MAX_SENDS, Delivery
from .message import Frame, to_json
from .uploads import Put, Uploads

if TYPE_CHECKING:
    from .run import RunState
    from .times import Now, Random

#: Refusals of a stop and of a resume, never of a prompt: one of a stop may come while the prompt still waits for its answer.
_OF_OTHERS = frozenset({"not_found", "replay_expired"})
_NO_ANSWER = ("no_answer", "The gateway did not say whether it took this prompt.")

#: How many prompts wait to be accepted, and how many characters they have together.
MAX_WAITING = 100
MAX_WAITING_TEXT = 128_000_000


class Outbox:
    """Prompts of one session leave one after the other, each when the one before it has been accepted.

    Else their order would be chance (rule I4). Sessions do not wait for each other.
    """

    def __init__(self, *, put: Callable[[Put], None], send: Callable[[str], bool], random: Random, now: Now) -> None:
        self._send = send
        self._random = random
        self._lines: dict[str, list[Delivery]] = {}
        self._uploads = Uploads(
            put=put,
            transmit=lambda message: send(to_json(message)),
            later=lambda delivery, tries: delivery.later(tries, random),
            go_on=self.pump,
            now=now,
        )
        #: Whether there is a connection.
        self.is_open = False

    def find(self, run: RunState) -> Delivery | None:
        """What is on its way of a run."""
        return next((one for one in self._lines.get(run.session_id, ()) if one.run is run), None)

    def check_room(self, size: int) -> None:
        """Raises a GatewayError if another prompt of so many characters is too much."""
        waiting = list(self._all())
        if len(waiting) >= MAX_WAITING or size + sum(len(one.text) for one in waiting) > MAX_WAITING_TEXT:
            message = f"{len(waiting)} prompts wait to be accepted, and no more are kept. Ask again when some have been."
            raise GatewayError("too_many_prompts", message, retryable=True)

    def add(self, delivery: Delivery) -> None:
        """Sends it when its turn comes."""
        self._lines.setdefault(delivery.run.session_id, []).append(delivery)
        self.pump()

    def pump(self) -> None:
        """Sends what is due."""
        if self.is_open:
            for head in self._heads():
                self._push(head)

    def remove(self, run: RunState) -> None:
        """The run has ended, or was accepted."""
        delivery = self.find(run)
        if delivery is None:
            return
        self._uploads.cancel(delivery)
        line = self._lines[run.session_id]
        line.remove(delivery)
        if not line:
            del self._lines[run.session_id]
        self.pump()

    def offered(self, offer: Frame) -> None:
        """An address for an upload has come."""
        self._uploads.offered(offer)

    def rejected(self, frame: Frame) -> bool:
        """Takes a refusal if it is one of what waits here."""
        if frame.get("code") in _OF_OTHERS:
            return False
        if self._uploads.rejected(frame):
            return True
        request_id = frame.get("requestId")
        delivery = next((one for one in self._heads() if one.sends and one.run.request_id == request_id), None)
        if delivery is None:
            return False
        retryable = frame.get("retryable") is True
        # An earlier copy may have been taken: a refusal that may pass says nothing about it.
        if retryable and delivery.sends < MAX_SENDS:
            delivery.later(delivery.sends, self._random)
        elif retryable and delivery.may_have_run:
            delivery.run.fail(*_NO_ANSWER)
        else:
            delivery.run.fail(str(frame.get("code")), str(frame.get("message")), retryable=retryable)
        return True

    def gateway_error(self) -> None:
        """A message of API Gateway itself does not say what it answers: it can mean whatever is unanswered."""
        for head in self._heads():
            if head.is_unanswered:
                head.unanswered()
                head.later(head.sends, self._random)

    def disconnected(self) -> None:
        """Nobody answers any more what was sent."""
        self.is_open = False
        self._uploads.disconnected()
        for delivery in self._all():
            delivery.unanswered()

    def _all(self) -> Iterator[Delivery]:
        return (delivery for line in self._lines.values() for delivery in line)

    def _heads(self) -> list[Delivery]:
        return [line[0] for line in self._lines.values()]

    def _push(self, delivery: Delivery) -> None:
        if delivery.run.ending is not None or self._uploads.is_putting(delivery) or not delivery.is_due:
            return
        if delivery.sends >= MAX_SENDS or delivery.is_too_old:
            delivery.run.fail(*_NO_ANSWER)
        elif delivery.body is not None:
            self._uploads.ask(delivery)
        else:
            delivery.sends += 1
            delivery.sent()
            self._send(delivery.text)
