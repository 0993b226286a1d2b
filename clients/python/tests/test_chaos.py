"""What a network and a gateway may do to a client: each event comes once, in order, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from conftest import GatewayProcess
from wire import Wire

from agentcore_gateway_client import Gateway, Run, Times, connect

COUNT = [f"{number} " for number in range(1, 201)]
#: As the client's own, but that nobody has to wait for them.
QUICK = Times(
    probe=0.2,
    dead=0.4,
    connect=2,
    silence=1,
    ask=0.2,
    answer=1,
    queued=0.5,
    backoff_base=0.01,
    backoff_cap=0.05,
    tick=0.05,
)


async def collect(run: Run) -> list[object]:
    return [event.data async for event in run]


async def test_cut_again_and_again_each_event_comes_once_and_in_order(url: str) -> None:
    await asyncio.gather(*(cut_at_random(url, random.Random(seed)) for seed in range(6)))


async def cut_at_random(url: str, chance: random.Random) -> None:
    with Wire(url) as wire:
        async with connect(wire.url, times=QUICK) as gateway:
            run = gateway.prompt("count to 200")
            got: list[object] = []
            next_cut = chance.randrange(1, 25)
            async for event in run:
                got.append(event.data)
                if len(got) == next_cut:
                    next_cut += chance.randrange(10, 40)
                    await asyncio.to_thread(wire.cut)
            assert got == COUNT
            assert (await run.ending).outcome == "completed"
            assert wire.connections > 3


async def test_many_runs_of_many_sessions_survive_cuts(url: str) -> None:
    chance = random.Random(7)
    with Wire(url) as wire:
        async with connect(wire.url, times=QUICK) as gateway:
            runs = [gateway.prompt("count to 30", session_id=f"cut {number % 3}") for number in range(6)]
            replies = asyncio.gather(*(collect(run) for run in runs))
            while not replies.done():
                await asyncio.wait([replies], timeout=chance.uniform(0.1, 0.5))
                await asyncio.to_thread(wire.cut)
            assert await replies == [COUNT[:30]] * 6


async def test_a_network_that_is_away_for_a_while_is_waited_for(url: str) -> None:
    with Wire(url) as wire:
        async with connect(wire.url, times=QUICK) as gateway:
            run = gateway.prompt("count to 40")
            await anext(aiter(run))
            await asyncio.to_thread(wire.cut, mended=False)
            queued = gateway.prompt("count to 3")
            while gateway.connection.attempt < 5:
                await changed(gateway)
            wire.mend()
            assert await collect(run) == COUNT[:40]
            assert await collect(queued) == COUNT[:3]


async def test_a_peer_that_froze_is_given_up_after_something_was_sent(url: str) -> None:
    with Wire(url) as wire:
        async with connect(wire.url, times=QUICK) as gateway:
            run = gateway.prompt("count to 40")
            await anext(aiter(run))
            wire.is_frozen = True
            loop = asyncio.get_running_loop()
            began = loop.time()
            gateway.prompt("count to 3", session_id="other")
            while gateway.connection.problem is None:
                await changed(gateway)
            assert loop.time() - began < 2 * QUICK.dead
            assert gateway.connection.problem.reason == "no answer"
            wire.is_frozen = False
            assert await collect(run) == COUNT[:40]


async def test_the_connection_is_replaced_in_time_and_nothing_is_lost_by_it(url: str) -> None:
    times = Times(renew=0.3, tick=0.05, connect=0.3)
    with Wire(url) as wire:
        async with connect(wire.url, times=times) as gateway:
            run = gateway.prompt("count to 40")
            assert await collect(run) == COUNT[:40]
            assert wire.connections > 2
            assert gateway.connection.problem is None


@pytest.mark.parametrize("seed", range(2))
async def test_a_gateway_that_died_and_is_back_leaves_nobody_waiting(
    gateway_with: Callable[..., GatewayProcess], seed: int
) -> None:
    """All that it knew is gone: what ran has no ending, what waited is asked anew, and the next prompt works."""
    process = gateway_with()
    async with connect(process.url, times=QUICK) as gateway:
        run, behind = gateway.prompt("count to 10000"), gateway.prompt("count to 3")
        got: list[object] = []
        kill_at = random.Random(seed).randrange(1, 60)
        loop = aiter(run)
        while len(got) < kill_at:
            got.append((await anext(loop)).data)
        await asyncio.to_thread(process.kill)
        await asyncio.to_thread(process.start)
        ending = await asyncio.wait_for(run.ending, 10)
        assert (ending.outcome, ending.code, ending.kept) == ("failed", "no_ending", len(run.events))
        assert [event.data for event in run.events] == [f"{number} " for number in range(1, ending.kept + 1)]
        assert await asyncio.wait_for(collect(behind), 10) == COUNT[:3]
        assert await asyncio.wait_for(collect(gateway.prompt("count to 5")), 10) == COUNT[:5]


async def test_a_gateway_that_is_shut_down_says_how_the_run_ended(gateway_with: Callable[..., GatewayProcess]) -> None:
    process = gateway_with("--grace", "1")
    async with connect(process.url, times=QUICK) as gateway:
        run = gateway.prompt("count to 10000")
        await anext(aiter(run))
        process.terminate()
        ending = await asyncio.wait_for(run.ending, 10)
        assert (ending.outcome, ending.code, ending.retryable) == ("failed", "interrupted", True)
        assert ending.kept == len(run.events)


async def test_a_program_that_stood_still_for_a_while_goes_on(url: str) -> None:
    """A blocked loop is what a clock that jumped looks like: everything is due at once."""
    jumped = 0.0
    async with connect(url, times=QUICK) as gateway:
        shell_now = gateway._engine._now

        def now() -> float:
            return shell_now() + jumped

        run = gateway.prompt("count to 40")
        await anext(aiter(run))
        for part in (gateway._engine.connection, gateway._engine.connection._liveness):
            part._now = now
        jumped = 3_600
        assert await asyncio.wait_for(collect(run), 20) == COUNT[:40]


async def changed(gateway: Gateway) -> None:
    """Waits for the next state of the connection."""
    happened = asyncio.Event()
    off = gateway.on_connection(lambda _: happened.set())
    try:
        await asyncio.wait_for(happened.wait(), 10)
    finally:
        off()
