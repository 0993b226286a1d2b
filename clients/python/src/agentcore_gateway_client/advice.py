"""What went wrong, in plain sentences, and what to do."""

from __future__ import annotations

from .types import Ending, Problem

_NO_TOKEN = "The gateway does not let you in. Give a token that is valid now: --token-env NAME names the variable that has it."
_NOBODY = "Is the gateway running there, and is the address right?"

_WHAT_TO_DO = {
    "agent_throttled": "The agent or its model is at its limit. Try again in a minute.",
    "agent_unavailable": "The agent cannot be reached. Is it running, and is its address right?",
    "agent_timeout": "The agent said nothing for too long. Try again, or look into its log.",
    "busy": "Another run of this session goes on. Wait until it has ended, or stop it.",
    "interrupted": "The gateway stopped in the middle of this reply. Ask again.",
    "no_answer": "Look whether it came through before you ask again.",
    "no_ending": "The gateway may have been started anew. Ask again.",
    "unknown_agent": "--agent takes the name of an agent that the gateway has; without it the default one answers.",
}


def of_ending(ending: Ending, held: int, shown: int) -> str:
    """The words for a run that failed, of which so many characters hold, and were shown."""
    message = ending.message or ""
    words = [f"Failed ({ending.code}): {message}{'' if message.endswith(('.', '!', '?')) else '.'}"]
    if held < shown:
        words.append(f"Of what you see only the first {held} of {shown} characters hold.")
    if (todo := _WHAT_TO_DO.get(ending.code or "")) is not None:
        words.append(todo)
    elif ending.retryable:
        words.append("It may work when you ask again.")
    return " ".join(words)


def of_problem(problem: Problem | None) -> str:
    """The words for a connection that could not be made."""
    if problem is None:
        return "There is no connection."
    if problem.status in (401, 403):
        return f"There is no connection: {problem.reason}. {_NO_TOKEN}"
    if problem.status is not None:
        return f"There is no connection: {problem.reason}. Is the address right?"
    return f"There is no connection: {problem.reason}. {_NOBODY}"
