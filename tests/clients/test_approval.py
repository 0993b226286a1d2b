"""examples/approval, as its README starts it: an agent that asks first, the gateway, and the program in a terminal."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "clients/javascript"


class Terminal:
    """A program, as somebody who reads what it says and answers it."""

    def __init__(self, command, processes):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=PACKAGE, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT)
        processes.append(self.process)

    def read_until(self, text):
        """What it says up to `text`, which is what it waits behind. A program that does not say it is ended, and the test with it."""
        said = b""
        limit = threading.Timer(60, self.process.kill)
        limit.start()
        try:
            while not said.endswith(text.encode()):
                byte = self.process.stdout.read(1)
                assert byte, f"it ended after saying {said.decode()!r}"
                said += byte
        finally:
            limit.cancel()
        return said.decode()

    def say(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()


@pytest.fixture(scope="session")
def package():
    """The package as the example imports it."""
    subprocess.run(["npm", "run", "--silent", "build"], cwd=PACKAGE, check=True)


@pytest.fixture
def start(package, processes, gateway_with):
    """Starts the program, any number of times, with one agent and one gateway."""
    agent = subprocess.Popen([sys.executable, ROOT / "tests/clients/ag_ui_agent.py"], stdout=subprocess.PIPE, text=True)
    processes.append(agent)
    gateway = gateway_with("--agent", agent.stdout.readline().strip())
    command = ["node_modules/.bin/node", "examples/approval/approve.ts", gateway.ws]
    return lambda: Terminal(command, processes)


def ask_for_approval(terminal):
    terminal.read_until("> ")
    terminal.say("approve the letter")
    return terminal.read_until(" [y/n] ")


def test_what_a_person_allows_is_done(start):
    terminal = start()
    assert "the letter" in ask_for_approval(terminal)
    terminal.say("y")
    assert "It is sent." in terminal.read_until("> ")


def test_what_a_person_refuses_is_not_done(start):
    terminal = start()
    ask_for_approval(terminal)
    terminal.say("n")
    assert "It is not sent." in terminal.read_until("> ")


def test_who_left_in_between_is_asked_again(start):
    first = start()
    asked = ask_for_approval(first)
    first.process.kill()
    first.process.wait()
    second = start()
    again = second.read_until(" [y/n] ")
    assert again.splitlines()[-1] in asked
    second.say("y")
    assert "It is sent." in second.read_until("> ")
