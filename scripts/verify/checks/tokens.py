"""Nobody connects without credentials, or with ones that were made up or changed."""

from collections.abc import Mapping

from ..gateway import Gateway, Refused
from ..outcome import Broken, Skipped


async def check(gateway: Gateway) -> str:
    """Tries to connect as nobody, as somebody made up, and with the token or signature changed."""
    options = gateway.options
    if not (options.token or options.sign):
        raise Skipped('everybody may connect here: no TOKEN is set, nor --sign given (auth = "none"?)')
    good = gateway.credentials(options.url)["Authorization"]
    tried = {
        "nothing": {},
        "a token that was made up": {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ2ZXJpZnkifQ."},
        "a changed token" if options.token else "a changed signature": {"Authorization": changed(good)},
    }
    statuses = [await _refusal(gateway, what, headers) for what, headers in tried.items()]
    return f"refused with {', '.join(map(str, statuses))}: {', '.join(tried)}"


def changed(credentials: str) -> str:
    """The same with one character of the signature changed: not the last, of which a part may count for nothing."""
    at = len(credentials) - 10
    return credentials[:at] + ("0" if credentials[at] != "0" else "1") + credentials[at + 1 :]


async def _refusal(gateway: Gateway, what: str, headers: Mapping[str, str]) -> int:
    try:
        async with gateway.connect(headers=headers):
            raise Broken(f"{what} was let in")
    except Refused as refused:
        if refused.status not in (401, 403):
            raise Broken(f"{what} was answered with {refused.status}, and not with 401 or 403") from None
        return refused.status
