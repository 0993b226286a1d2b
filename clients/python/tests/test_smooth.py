"""Text that is spread over the time between two frames."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from clock import ClockLoop, play
from driver import Driver
from hypothesis import given
from hypothesis import strategies as st

from agentcore_gateway_client import Run, RunFailed
from agentcore_gateway_client.core.smoother import Smoother
from agentcore_gateway_client.core.words import words_of

Shown = list[tuple[int, str]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Start at Fushimi Inari, before eight.", ["Start ", "at ", "Fushimi ", "Inari, ", "before ", "eight."]),
        (" a\n- b (c)", [" a\n- ", "b (", "c)"]),
        ("「東京」に住んで", ["「東", "京」", "に", "住", "ん", "で"]),
        ("in 東京 on foot", ["in ", "東", "京 ", "on ", "foot"]),
        ("เที่ยว", ["เที่", "ย", "ว"]),
        ("हिन्दी में", ["हिन्दी ", "में"]),
        ("한국어 문장", ["한국어 ", "문장"]),
        ("-- ", ["-- "]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_words_with_their_spaces_and_stops(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text() | st.text("aé1_ -.\n\u0e40\u0e17\u0e35\u6771\u3002\U0001f44b"))
def test_words_are_the_text_whatever_it_is(text: str) -> None:
    assert "".join(words_of(text)) == text


def shown(frames: Iterable[tuple[int, str]], until: int) -> Shown:
    """What is due when, in milliseconds, if somebody asks each 5 ms."""
    smoother, waiting, out = Smoother(), dict(frames), []
    for at in range(0, until + 1, 5):
        if at in waiting:
            smoother.push(waiting[at], at / 1_000)
        # By a clock that is a hair fast: sums of seconds are not exact.
        if text := smoother.take(at / 1_000 * (1 + 1e-9)):
            out.append((at, text))
    return out


def longest_pause(out: Shown) -> int:
    return max(after - before for (before, _), (after, _) in pairwise(out))


def test_the_first_frame_comes_at_once_and_the_next_is_spread_over_the_time_to_the_one_expected_then() -> None:
    assert shown([(0, "a b c d"), (400, "e f g h")], 1_000) == [
        (0, "a b c d"),
        (400, "e "),
        (525, "f "),
        (650, "g "),
        (775, "h"),
    ]


def test_at_a_frame_a_second_no_pause_is_longer_than_150_ms() -> None:
    frames = [(at * 1_000, "one two three four five six seven eight nine ten ") for at in range(8)]
    assert longest_pause(shown(frames, 9_000)[1:]) <= 150


def paced(until: int) -> Iterator[int]:
    """When frames leave whose distance is a quarter of the reply's age, from 100 ms to a second."""
    at = 0.0
    yield 0
    while at < until:
        at += min(1_000, max(100, at / 4))
        yield round(at / 5) * 5


@pytest.mark.parametrize("apart", [35, 50, 100])
def test_while_frames_come_ever_less_often_no_pause_is_longer_than_150_ms(apart: int) -> None:
    frames, said = [], 0
    for at in paced(20_000):
        words = at // apart + 1 - said
        said += words
        frames.append((at, "word " * words))
    assert longest_pause(shown(frames, 21_000)) <= 150


def test_few_words_are_not_stretched() -> None:
    assert shown([(0, "x"), (1_000, "a b")], 2_000)[1:] == [(1_000, "a "), (1_150, "b")]


def test_pieces_that_come_close_together_are_one_frame() -> None:
    out = shown([(0, "x"), (400, "a b "), (410, "c d")], 2_000)
    assert out[1:] == [(400, "a "), (550, "b "), (700, "c "), (850, "d")]


def test_the_next_frame_is_expected_by_the_mean_of_the_last_times_between_two() -> None:
    out = shown([(0, "x"), (400, "y"), (500, "a b c d e")], 2_000)
    assert out[2:] == [(500, "a "), (550, "b "), (600, "c "), (650, "d "), (700, "e")]


def test_a_frame_that_was_long_in_coming_is_spread_over_a_second() -> None:
    out = shown([(0, "x"), (3_000, "word " * 20)], 6_000)
    assert [at for at, _ in out[1:]] == list(range(3_000, 4_000, 50))


def test_a_word_is_never_put_off_by_what_comes_after_it() -> None:
    out = shown([(0, "x"), (400, "a b c d e f g h i j "), (800, "k")], 2_000)
    assert out[9:] == [(800, "i "), (850, "j "), (1_200, "k")]


_FRAMES = st.lists(st.tuples(st.floats(0, 3), st.text("ab 東.", max_size=300)), max_size=12)


@given(_FRAMES)
def test_no_word_waits_much_longer_than_a_second_whatever_comes_when_and_none_is_lost(frames: list[tuple[float, str]]) -> None:
    smoother, now, taken = Smoother(), 0.0, ""
    for wait, text in frames:
        assert (smoother.due_in(now) or 0) <= 1.15
        now += wait
        taken += smoother.take(now)
        if wait >= 1.151:
            assert smoother.due_in(now) is None
        smoother.push(text, now)
    assert not smoother.is_done
    smoother.end()
    assert not smoother.due_in(now)
    taken += smoother.take(now)
    assert taken == "".join(text for _, text in frames)
    assert smoother.is_done


def test_very_much_comes_at_once_but_for_its_end() -> None:
    smoother = Smoother()
    smoother.push("x", 0)
    smoother.push("word " * 5_000, 1)
    assert 4_600 <= smoother.take(1).count("word") <= 4_601


class Reader:
    """Reads a run's text, spread, while the test is the gateway and the clock."""

    def __init__(self, driver: Driver) -> None:
        self.state = driver.start()
        self.text = ""
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for text in Run(self.state, lambda _: None).text(smooth=True):
            self.text += text

    async def after(self, seconds: float) -> str:
        """What there is to see after so long."""
        await asyncio.sleep(seconds)
        return self.text

    async def ended(self) -> str:
        await self._task
        return self.text


def test_a_frames_text_is_spread_and_the_rest_comes_at_once_when_the_run_ends(driver: Driver) -> None:
    async def watch() -> None:
        reader = Reader(driver)
        driver.output(2, "a ", "b ")
        assert await reader.after(0.01) == "a b "
        await asyncio.sleep(0.39)
        driver.output(3, "c ", {"tool": "no text"}, "d ")
        driver.output(4, "e ", "f ")
        assert await reader.after(0.01) == "a b c "
        assert await reader.after(0.11) == "a b c "
        assert await reader.after(0.01) == "a b c d "
        driver.frame("completed", 5)
        before = asyncio.get_running_loop().time()
        assert await reader.ended() == "a b c d e f "
        assert asyncio.get_running_loop().time() == before

    play(watch())


def test_events_without_text_say_nothing_about_the_time_between_two_frames(driver: Driver) -> None:
    async def watch() -> None:
        reader = Reader(driver)
        driver.output(2, "a ")
        await asyncio.sleep(0.35)
        driver.output(3, {"tool": "no text"})
        await asyncio.sleep(0.05)
        driver.output(4, "b ", "c ", "d ", "e ")
        assert await reader.after(0.01) == "a b "
        assert await reader.after(0.11) == "a b "
        assert await reader.after(0.01) == "a b c "
        driver.frame("completed", 5)
        assert await reader.ended() == "a b c d e "

    play(watch())


def test_a_failure_comes_after_the_text_that_there_was(driver: Driver) -> None:
    async def watch() -> None:
        reader = Reader(driver)
        driver.output(2, "a ")
        await asyncio.sleep(0.4)
        driver.output(3, "b ", "c ", "d ")
        driver.frame("failed", 4, code="agent_error", message="No.", retryable=False)
        with pytest.raises(RunFailed, match="No"):
            await reader.ended()
        assert reader.text == "a b c d "

    play(watch())


def test_whoever_leaves_the_loop_or_its_task_leaves_nothing_behind(driver: Driver) -> None:
    async def watch() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ClockLoop)
        state = driver.start()
        driver.output(2, "a ")

        async def read(until: str) -> None:
            async for text in Run(state, lambda _: None).text(smooth=True):
                if text == until:
                    break

        await read("a ")
        task = asyncio.create_task(read("never"))
        await asyncio.sleep(0.4)
        driver.output(3, "b ", "c ", "d ")
        await asyncio.sleep(0.01)
        assert (len(state.listeners), loop.pending) == (1, 2), "its task, and the timer of the next word"
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (len(state.listeners), loop.pending) == (0, 0)

    play(watch())


def test_each_loop_has_its_own_place_and_a_run_that_has_ended_comes_at_once(driver: Driver) -> None:
    run = Run(driver.start(), lambda _: None)
    driver.output(2, "a ", "b ")
    driver.output(3, "c ")
    driver.frame("completed", 4)

    async def read() -> list[str]:
        return [text async for text in run.text(smooth=True)]

    assert play(read()) == play(read()) == ["a b c "]
