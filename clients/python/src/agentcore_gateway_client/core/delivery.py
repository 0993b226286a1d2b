"""A prompt on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .message import MAX_MESSAGE_BYTES, Frame, to_json, upload_body, uploaded_message
from .times import Now, Random, Times, backoff

if TYPE_CHECKING:
    from .run import RunState

#: How often a prompt is sent, and how often its upload is begun: refused each time, that takes up to a minute and a half.
MAX_SENDS = 8


class Delivery:
    """A prompt until the gateway says that it has taken it."""

    def __init__(self, run: RunState, message: Frame, times: Times, now: Now, *, may_be_known: bool) -> None:
        self.run = run
        self.message = message
        #: Made at once: what the caller does to its objects later is no matter.
        self.text = to_json(message)
        #: What is to be uploaded, if it does not fit a message; None once it is there.
        self.body = upload_body(message) if len(self.text.encode()) > MAX_MESSAGE_BYTES else None
        #: An earlier client may have sent it under this id.
        self.may_be_known = may_be_known
        self.sends = 0
        #: A copy was taken, or went unanswered: it may have run, whatever is said of a later one.
        self.may_have_run = False
        self._times = times
        self._now = now
        self._made_at = now()
        #: When it was last sent, while that has no answer.
        self._sent_at: float | None = None
        self._not_before = self._made_at

    @property
    def is_unanswered(self) -> bool:
        """Whether an answer may come to what was sent."""
        return self._sent_at is not None

    @property
    def is_too_old(self) -> bool:
        """The gateway may have ended and forgotten it: sent again then, it would run again."""
        return self.sends > 0 and self._now() - self._made_at > self._times.window

    @property
    def is_due(self) -> bool:
        """Whether it is to be sent now."""
        at = self._now()
        return at >= self._not_before and (self._sent_at is None or at - self._sent_at >= self._times.answer)

    def sent(self) -> None:
        """It was sent, or its upload was asked for."""
        self.unanswered()
        self._sent_at = self._now()
        self._made_at = self._made_at if self.sends > 1 else self._sent_at

    def again(self) -> None:
        """It was accepted, and has been queued for so long that it is sent once more."""
        self._made_at = self._now()
        self._sent_at = None
        self.sends = 1
        self.may_have_run = True

    def unanswered(self) -> None:
        """No answer will come to what was sent, if something was."""
        self.may_have_run |= self.is_unanswered and self.body is None
        self._sent_at = None

    def later(self, tries: int, random: Random) -> None:
        """It is tried again after a while."""
        self._sent_at = None
        self._not_before = self._now() + self._times.backoff_base + backoff(tries, self._times, random)

    def uploaded(self, upload_id: str) -> None:
        """From now on it is sent as a message that names the upload."""
        self.text = to_json(uploaded_message(self.message, upload_id))
        self.body = None
        self._sent_at = None
