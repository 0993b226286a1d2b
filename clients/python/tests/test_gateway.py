"""The client against a real gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from agentcore_gateway_client import GatewayError, Run, RunFailed, Times, connect

COUNT = [f"{number} " for number in range(1, 21)]


async def events_of(run: Run) -> list[object]:
    return [event.data async for event in run]


async def read(run: Run, pieces: list[str]) -> None:
    async for piece in run.text():
        pieces.append(piece)  # noqa: PERF401 - those before a failure count


async def test_events_come_as_the_agent_sends_them(url: str) -> None:
    async with connect(url) as gateway, gateway.prompt("count to 20") as run:
        assert await events_of(run) == COUNT
        assert (await run.ending).outcome == "completed"
        assert await run.result() == "".join(COUNT)
        assert [piece async for piece in run.text()] == COUNT


async def test_a_prompt_may_be_asked_before_the_connection_stands_and_without_a_block(url: str) -> None:
    gateway = connect(url)
    run = gateway.prompt("count to 3")
    assert run.state == "sending"
    assert await run.result() == "1 2 3 "
    await gateway.aclose()
    with pytest.raises(GatewayError, match="closed"):
        gateway.prompt("more")


async def test_a_failure_is_raised_after_the_last_event(url: str) -> None:
    async with connect(url) as gateway:
        run = gateway.prompt("fail")
        pieces: list[str] = []
        with pytest.raises(RunFailed) as caught:
            await read(run, pieces)
        assert "".join(pieces) == "Here is the beginning of an answer, and then "
        assert (caught.value.code, caught.value.retryable) == ("agent_error", True)
        assert caught.value.kept == len(run.events)
        ending = await run.ending
        assert (ending.outcome, ending.message) == ("failed", "the demo agent was asked to fail")


async def test_what_the_gateway_refuses_is_a_failure(url: str) -> None:
    async with connect(url) as gateway:
        ending = await gateway.prompt("Hello", agent="nobody").ending
        assert (ending.outcome, ending.code) == ("failed", "unknown_agent")


async def test_giving_up_a_wait_ends_no_other(url: str) -> None:
    async with connect(url) as gateway:
        run = gateway.prompt("count to 10")
        other = asyncio.ensure_future(run.ending)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(run.ending, 0)
        assert (await other).outcome == "completed"


async def test_leaving_the_block_of_a_run_does_not_stop_it(url: str) -> None:
    async with connect(url) as gateway:
        async with gateway.prompt("count to 10") as run:
            async for _ in run:
                break
        assert (await run.ending).outcome == "completed"


async def test_stop(url: str) -> None:
    async with connect(url) as gateway:
        run = gateway.prompt("count to 10000")
        async for _ in run:
            break
        assert (await run.stop()).outcome == "stopped"
        assert await run.result() == "".join(str(event.data) for event in run.events)
        assert (await run.stop()).outcome == "stopped"


async def test_prompts_of_any_size_arrive_whole(url: str) -> None:
    """In one frame, in several, and uploaded."""
    async with connect(url) as gateway:
        texts = ["ä" * (size // 2) for size in (30_000, 100_000, 300_000)]
        runs = [gateway.prompt(text, session_id=f"of {len(text)}") for text in texts]
        replies = await asyncio.gather(*(run.result() for run in runs))
        assert [text in reply for text, reply in zip(texts, replies, strict=True)] == [True] * 3


async def test_an_input_is_the_agents_whole_body(url: str) -> None:
    async with connect(url) as gateway:
        assert "You sent an input object" in await gateway.prompt(input={"a": 1}).result()


async def test_another_client_takes_up_what_runs(url: str) -> None:
    async with connect(url, session_id="moved") as first:
        run = first.prompt("count to 20")
        async for _ in run:
            break
    async with connect(url, session_id="moved") as second:
        again = await second.resume()
        assert again is not None
        assert again.request_id == run.request_id
        assert await events_of(again) == COUNT
        assert await second.resume(request_id=run.request_id) == again
    assert (await run.ending).code == "closed"


async def test_where_nothing_ran_there_is_nothing_to_resume(url: str) -> None:
    async with connect(url) as gateway:
        assert await gateway.resume(session_id="empty") is None


async def test_a_session_tells_of_the_runs_of_other_devices(url: str) -> None:
    async with connect(url) as here, connect(url) as there:
        runs = aiter(here.session("shared"))
        await here.connected()
        asked = [there.prompt(f"count to {number}", session_id="shared") for number in (3, 4)]
        for mine in asked:
            theirs = await anext(runs)
            assert theirs.request_id == mine.request_id
            assert await events_of(theirs) == await events_of(mine)


async def test_two_clients_get_all_of_the_same_run(url: str) -> None:
    async with connect(url, session_id="both") as here, connect(url, session_id="both") as there:
        run = here.prompt("count to 20")
        await anext(aiter(run))
        same = await there.resume()
        assert same is not None
        assert [await events_of(run), await events_of(same)] == [COUNT, COUNT]


async def test_prompts_of_one_session_run_in_the_order_of_the_calls(url: str) -> None:
    async with connect(url) as gateway:
        runs = [gateway.prompt(f"count to {number}") for number in range(1, 6)]
        ended: list[Run] = []
        await asyncio.gather(*(note(run, ended) for run in runs))
        assert ended == runs


async def note(run: Run, ended: list[Run]) -> None:
    await run.ending
    ended.append(run)


async def test_url_and_token_are_asked_for_each_connection(url: str) -> None:
    asked: list[str] = []

    async def token() -> str:
        asked.append("token")
        return "a.b.c"

    def where() -> str:
        asked.append("url")
        return url.replace("ws://", "http://")

    for _ in range(2):
        async with connect(where, token=token) as gateway:
            await gateway.connected()
    assert asked == ["url", "token"] * 2


async def test_a_token_that_cannot_be_had_is_a_problem_that_is_told(url: str) -> None:
    def token() -> str:
        raise RuntimeError("log in first")

    async with connect(url, token=token) as gateway:
        with pytest.raises(GatewayError, match="log in first"):
            await gateway.connected()


async def test_a_refused_handshake_is_told(url: str) -> None:
    async with connect(f"{url}?sessionId={'x' * 300}") as gateway:
        with pytest.raises(GatewayError, match="HTTP status 400") as caught:
            await gateway.connected()
        problem = gateway.connection.problem
    assert caught.value.code == "not_connected"
    assert problem is not None
    assert problem.status == 400


async def test_a_failure_from_before_the_call_is_not_that_of_the_next_try() -> None:
    async with connect("ws://127.0.0.1:1", times=Times(backoff_base=0.01)) as gateway:
        for attempt in (1, 2, 3):
            with pytest.raises(GatewayError):
                await gateway.connected()
            assert gateway.connection.attempt == attempt


async def test_closing_ends_a_loop_over_a_session(url: str) -> None:
    async def first(runs: AsyncIterator[Run]) -> list[Run]:
        return [run async for run in runs]

    async with connect(url) as gateway:
        await gateway.connected()
        waiting = asyncio.ensure_future(first(aiter(gateway.session("quiet"))))
    assert await asyncio.wait_for(waiting, 5) == []


def test_without_an_event_loop_nothing_is_begun(url: str) -> None:
    gateway = connect(url)
    with pytest.raises(RuntimeError, match="event loop"):
        gateway.prompt("Hello")
    assert gateway.connection.state == "closed"


async def test_a_watcher_that_fails_is_no_reason_to_lose_the_connection(url: str) -> None:
    def watch(_: object) -> None:
        raise ValueError

    async with connect(url) as gateway:
        gateway.on_connection(watch)
        assert await gateway.prompt("count to 2").result() == "1 2 "
