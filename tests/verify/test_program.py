"""The program: its options, what it prints, how it exits."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from test_connections import TOKEN
from verify.checks import CHECKS
from verify.times import percentile

SHORT = ["--prompt", "count to 3", "--long-prompt", "count to 80", "--silent-prompt", "wait for 30 seconds"]


def program(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "verify", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "TOKEN": ""} | environment,
        capture_output=True,
        text=True,
    )


def test_the_gateway_passes_and_the_table_is_whole(url):
    finished = program(url, *SHORT)
    assert (finished.returncode, finished.stderr) == (0, "")
    rows = dict(re.findall(r"^(\S+)\s+(ok|skipped)\s+\d+\.\d", finished.stdout, re.MULTILINE))
    assert list(rows) == [check.name for check in CHECKS] + ["times"]
    assert [name for name, result in rows.items() if result == "skipped"] == ["tokens", "long-runs", "idle"]
    times = re.findall(r"^(accepted|started|first event|ending) +(\d+) +(\d+)$", finished.stdout, re.MULTILINE)
    assert [name for name, *_ in times] == ["accepted", "started", "first event", "ending"]
    assert all(int(median) <= int(most) for _, median, most in times)
    assert finished.stdout.endswith("14 ok, 0 FAILED, 3 skipped\n")
    # It can be sent to others.
    assert "127.0.0.1" not in finished.stdout and not re.search("[0-9a-f]{8}-[0-9a-f]{4}-", finished.stdout)


def test_what_fails_makes_the_exit_code(url):
    finished = program(url, "--only", "reply", "ping", "--prompt", "fail")
    assert finished.returncode == 1
    assert re.search(r"^reply +FAILED .*agent_error: the demo agent was asked to fail", finished.stdout, re.MULTILINE)
    assert finished.stdout.endswith("1 ok, 1 FAILED, 0 skipped\n")


def test_runs_that_fail_have_no_times(url):
    finished = program(url, "--agent", "nobody", "--runs", "1", "--only", "connect")
    assert finished.returncode == 0
    finished = program(url, "--agent", "nobody", "--runs", "1")
    assert finished.returncode == 1 and re.search("^times +FAILED", finished.stdout, re.MULTILINE)


def test_without_a_connection_nothing_else_is_tried():
    finished = program("ws://127.0.0.1:1/")
    assert finished.returncode == 1
    assert "127.0.0.1" not in finished.stdout
    assert finished.stdout.count("\n") == 4 and "0 ok, 1 FAILED, 0 skipped" in finished.stdout


def test_a_token_is_never_printed(url):
    finished = program(url, "--only", "connect", "tokens", "subprotocol", TOKEN=TOKEN)
    assert finished.returncode == 1 and "was let in" in finished.stdout
    assert TOKEN not in finished.stdout + finished.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: url"),
        (["http://127.0.0.1:8787/"], "must begin with ws:// or wss://"),
        (["ws://"], "name a host"),
        (["ws://h/", "--idle", "soon"], "'soon' must be a number of seconds"),
        (["ws://h/", "--idle", "0"], "'0' must be a number of seconds"),
        (["ws://h/", "--runs", "-1"], "--runs"),
        (["ws://h/", "--runs", "1001"], "'1001' must be a whole number from 0 to 1000"),
        (["ws://h/", "--prompt", " "], "more than white space"),
        (["ws://h/", "--only", "dance"], "there is no check dance; there are connect, ping"),
    ],
)
def test_wrong_options_are_named_with_their_rule(arguments, words):
    finished = program(*arguments)
    assert finished.returncode == 2 and words in finished.stderr and finished.stdout == ""


@pytest.mark.parametrize(("arguments", "token", "words"), [(["--sign"], "t", "one of the two"), ([], "two words", "no header can carry")])
def test_a_token_that_cannot_be(arguments, token, words):
    finished = program("ws://h/", *arguments, TOKEN=token)
    assert finished.returncode == 2 and words in finished.stderr and "two words" not in finished.stderr


def test_the_help_says_what_the_agent_must_be_able_to_do():
    assert "What the checks ask of the agent" in program("--help").stdout


def test_percentiles_are_of_the_nearest_rank():
    values = [float(value) for value in range(20, 0, -1)]
    assert (percentile(values, 50), percentile(values, 99), percentile([3.0], 50)) == (10, 20, 3)
