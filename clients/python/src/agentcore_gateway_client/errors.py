"""What this client raises."""

from __future__ import annotations


class GatewayError(Exception):
    """A refusal or a failure, as the gateway or this client words it."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        #: One of the codes of the protocol, or of the client's own: see `Ending`.
        self.code = code
        self.message = message
        #: Whether the same thing may work when it is asked again.
        self.retryable = retryable


class RunFailed(GatewayError):  # noqa: N818 - it says what happened, and the protocol calls it so
    """A run has failed. Raised after its last event."""

    def __init__(self, code: str, message: str, *, retryable: bool = False, kept: int = 0) -> None:
        super().__init__(code, message, retryable=retryable)
        #: How many of the run's events hold. Fewer than a loop was given only where a worker died (`interrupted`).
        self.kept = kept
