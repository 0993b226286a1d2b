"""A chat in the terminal: `python -m agentcore_gateway_client URL`."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable

from .address import gateway_url
from .core.ids import check_ids, new_id
from .handshake import Auth
from .remembered import Sessions
from .sigv4 import SigV4
from .sync import connect
from .terminal import Chat


def main(argv: list[str] | None = None) -> int:
    """Runs the chat, and gives the exit status."""
    parser = _parser()
    options = parser.parse_args(argv)
    # Line editing, where Python has it.
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # half of a surrogate pair, say, is no reason to end the chat
    try:
        url = gateway_url(options.url)
        sessions = Sessions()
        session_id = options.session or (None if options.new else sessions.find(url)) or new_id()
        check_ids(session_id)
        auth = _auth(options.sign)
        with connect(url, token=_token(options.token_env), auth=auth, session_id=session_id) as gateway:
            sessions.remember(url, session_id)
            smooth = sys.stdout.isatty() and not options.no_smooth
            return Chat(gateway, agent=options.agent, raw=options.raw, smooth=smooth).run()
    except (ValueError, ImportError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m agentcore_gateway_client",
        description="A chat with an agent behind agentcore-gateway. Ctrl-C stops a reply; at the prompt it ends the chat. "
        "The next start goes on with the same session.",
    )
    parser.add_argument("url", metavar="URL", help="the gateway, such as ws://127.0.0.1:8787 or wss://host/stage")
    parser.add_argument("--token-env", metavar="NAME", help="the environment variable that has the token")
    parser.add_argument("--sign", metavar="REGION", help="sign the handshake with AWS credentials, for that region")
    parser.add_argument("--session", metavar="ID", help="the session; default: the last one with this gateway")
    parser.add_argument("--new", action="store_true", help="begin a new session")
    parser.add_argument("--agent", metavar="NAME", help="an agent by its name; default: the gateway's default agent")
    parser.add_argument(
        "--no-smooth", action="store_true", help="show text as it comes; default in a terminal: spread it word by word"
    )
    parser.add_argument("--raw", action="store_true", help="show events as lines of JSON, not the text in them")
    return parser


def _token(name: str | None) -> Callable[[], str] | None:
    if name is None:
        return None
    if not os.environ.get(name):
        raise ValueError(f"The environment variable {name} has no token.")
    return lambda: os.environ[name]


def _auth(region: str | None) -> Auth | None:
    return None if region is None else SigV4(region)


if __name__ == "__main__":
    sys.exit(main())
