"""What `make verify` is told."""

import argparse
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

ABILITIES = """\
What the checks ask of the agent:
  nothing                      connect, ping, answers, subprotocol, tokens, limits, idle
  any reply                    reply, order, once, resume, devices, uploads, and the times
  a reply of some seconds      stop, and resume in mid-reply: --long-prompt ("count to 300")
  silence of more than 29 s    silence: --silent-prompt ("wait for 35 seconds")
  to go on after its call      long runs: --long-agent NAME, an agent with long_runs, and --long-run-prompt
The demo agent knows these prompts, and agentcore_example all of them. With another agent give your own; a check that
its agent does not allow is skipped and says so.

Each run is a prompt to the agent, some 35 in all, and costs what your model costs.

environment:
  TOKEN                        the token of a gateway with auth = "jwt"; never printed
  AWS_*                        credentials and region, with --sign
"""


@dataclass(frozen=True)
class Options:
    """What to check, and with what."""

    url: str
    token: str | None = None
    #: Whether handshakes are signed with AWS credentials, and for which region.
    sign: bool = False
    agent: str | None = None
    prompt: str = "Hello"
    long_prompt: str = "count to 300"
    silent_prompt: str = "wait for 35 seconds"
    long_agent: str | None = None
    long_run_prompt: str = "work for 40 seconds"
    #: The gateway's idle time-out in seconds; None: not waited for.
    idle: float | None = None
    #: How many runs the times are taken of; 0: none.
    runs: int = 20
    #: Names of the checks to make; none: all.
    only: tuple[str, ...] = ()
    #: How long an agent has to be silent, in seconds: API Gateway gives up on a function after 29.
    silence: float = 29
    #: How long an answer may take, and a whole run, in seconds.
    patience: float = 30
    longest_run: float = 300


def parse(arguments: list[str]) -> Options:
    """The options of a command line. Ends the program with what is wrong with it."""
    parser = argparse.ArgumentParser(
        prog="verify",
        usage='make verify URL=wss://… [ARGS="…"], or python -m verify URL [options]',
        description="Checks a gateway for all that docs/protocol.md promises, prints a table and times, and exits with 1 if anything fails.",
        epilog=ABILITIES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", type=_url, help="the WebSocket address, such as the output websocket_url of Terraform")
    parser.add_argument("--sign", action="store_true", help='sign handshakes with AWS credentials, for auth = "iam"')
    parser.add_argument("--agent", metavar="NAME", help="the agent to ask; without it the default one")
    parser.add_argument("--prompt", type=_text, default=Options.prompt, help="what any reply will do for (%(default)r)")
    parser.add_argument("--long-prompt", type=_text, default=Options.long_prompt, help="what takes some seconds to answer (%(default)r)")
    parser.add_argument("--silent-prompt", type=_text, default=Options.silent_prompt, help="what is answered after more than 29 s (%(default)r)")
    parser.add_argument("--long-agent", metavar="NAME", help="an agent with long_runs")
    parser.add_argument("--long-run-prompt", type=_text, default=Options.long_run_prompt, help="what it goes on with after its call (%(default)r)")
    parser.add_argument("--idle", type=_seconds, metavar="SECONDS", help="wait for the idle time-out, which is 600 s on AWS (off)")
    parser.add_argument("--runs", type=_count, default=Options.runs, help="how many runs the times are taken of (%(default)s)")
    parser.add_argument("--only", nargs="+", default=(), metavar="CHECK", help="make these checks only")
    values = vars(parser.parse_args(arguments))
    token = os.environ.get("TOKEN") or None
    if values["sign"] and token:
        parser.error("TOKEN is set, and --sign is given: a gateway asks for one of the two")
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        parser.error("TOKEN has characters that no header can carry")
    return Options(**values | {"token": token, "only": tuple(values["only"])})


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is no address: it must begin with ws:// or wss://, and name a host")
    return text


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a prompt must be more than white space")
    return text


def _seconds(text: str) -> float:
    if not (text.replace(".", "", 1).isdigit() and 0 < float(text) <= 86_400):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of seconds above 0 and up to 86400")
    return float(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 1000:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 0 to 1000")
    return int(text)
