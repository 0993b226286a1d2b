"""Prompts that are too large for a message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .delivery import MAX_SENDS, Delivery

if TYPE_CHECKING:
    from .message import Frame
    from .times import Now

_NO_ADDRESS = "The gateway did not say where to upload this prompt."


@dataclass(frozen=True, slots=True)
class Put:
    """An HTTP PUT that is to be made, once."""

    url: str
    body: bytes
    #: Seconds that it may take.
    timeout: float
    #: Called with the HTTP status; with None if it did not get through.
    done: Callable[[int | None], None]
    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/json", "If-None-Match": "*"},
    )


@dataclass(slots=True)
class _Upload:
    tries: int = 0
    problem: str = _NO_ADDRESS
    is_putting: bool = False


class Uploads:
    """Asks for an address, puts the prompt there, and then it is named.

    An offer does not say whose it is, so one is asked for at a time.
    """

    def __init__(
        self,
        *,
        put: Callable[[Put], None],
        transmit: Callable[[Frame], bool],
        later: Callable[[Delivery, int], None],
        go_on: Callable[[], None],
        now: Now,
    ) -> None:
        self._put_it = put
        self._transmit = transmit
        self._later = later
        self._go_on = go_on
        self._now = now
        self._uploads: dict[Delivery, _Upload] = {}
        self._asking: Delivery | None = None
        #: Request ids whose offers still come, for runs that have ended.
        self._orphans: list[str] = []

    def is_putting(self, delivery: Delivery) -> bool:
        """Whether the body is on its way: nothing is to be done then."""
        upload = self._uploads.get(delivery)
        return upload is not None and upload.is_putting

    def ask(self, delivery: Delivery) -> None:
        """Asks for an address, unless one is asked for already."""
        if self._asking not in (None, delivery) or delivery.body is None:
            return
        upload = self._uploads.setdefault(delivery, _Upload())
        if upload.tries >= MAX_SENDS:
            delivery.run.fail("upload_failed", f"{upload.problem} Nothing was asked.", retryable=True)
            return
        upload.tries += 1
        self._asking = delivery
        delivery.sent()
        self._transmit({"action": "upload", "bytes": len(delivery.body), "requestId": delivery.run.request_id})

    def offered(self, offer: Frame) -> None:
        """An address has come."""
        if self._orphans:
            self._orphans.pop(0)
            return
        delivery, url = self._asking, offer.get("url")
        if delivery is None or not isinstance(url, str) or not url.startswith(("http://", "https://")):
            return
        self._asking = None
        self._put(delivery, str(offer.get("uploadId")), url, float(offer.get("expiresInMs", 0)) / 1000)
        self._go_on()  # another may ask now

    def rejected(self, frame: Frame) -> bool:
        """Takes a refusal if it is one of an address."""
        request_id, delivery = frame.get("requestId"), self._asking
        if request_id in self._orphans:
            self._orphans.remove(request_id)
            return True
        if delivery is None or delivery.run.request_id != request_id:
            return False
        self._asking = None
        if frame.get("retryable") is True:
            upload = self._uploads[delivery]
            upload.problem = str(frame.get("message"))
            self._later(delivery, upload.tries)
        else:
            delivery.run.fail("too_large", _refusal(delivery, frame))
        return True

    def disconnected(self) -> None:
        """No address comes any more on this connection."""
        self._asking = None
        self._orphans.clear()

    def cancel(self, delivery: Delivery) -> None:
        """Its run has ended: what is under way is for nobody."""
        self._uploads.pop(delivery, None)
        if self._asking is delivery:
            self._asking = None
            self._orphans.append(delivery.run.request_id)

    def _put(self, delivery: Delivery, upload_id: str, url: str, timeout: float) -> None:
        self._uploads[delivery].is_putting = True
        end = self._now() + timeout

        def done(status: int | None) -> None:
            if status is None and self._now() >= end and delivery in self._uploads:
                # The same network would not be quicker the next time.
                delivery.run.fail("upload_failed", "The upload took too long. Nothing was asked.", retryable=True)
            else:
                self._over(delivery, upload_id, status)

        self._put_it(Put(url, delivery.body or b"", timeout, done))

    def _over(self, delivery: Delivery, upload_id: str, status: int | None) -> None:
        upload = self._uploads.get(delivery)
        if upload is None:
            return
        upload.is_putting = False
        if status == 200:
            delivery.uploaded(upload_id)
        else:
            refused = f"The upload was refused ({status})."
            upload.problem = "The upload did not get through." if status is None else refused
            self._later(delivery, upload.tries)
        self._go_on()


def _refusal(delivery: Delivery, frame: Frame) -> str:
    if frame.get("code") != "invalid_request":
        return str(frame.get("message"))
    size = len(delivery.body or b"") / 1e6
    return f"The prompt is too large for one message (128 KiB), and this gateway takes no uploads of {size:.1f} MB."
