"""Tests of websocket_test.html in a real headless Chromium, against the real gateway.

    python3 -m venv target/browser && target/browser/bin/pip install -r tests/browser/requirements.txt
    npm ci --prefix page                                     axe, for test_axe.py
    cargo build && target/browser/bin/pytest tests/browser

Settings, all optional, from the environment:

    CHROMIUM      the browser's executable; else chromium, chromium-browser or google-chrome from the PATH
    GATEWAY_BIN   the gateway's executable; else target/debug/agentcore-gateway
    GATEWAY_URL   a gateway that is running already, such as http://127.0.0.1:8787/; tests that need options of their own are skipped
    SCREENSHOTS   a folder for the pictures that test_look.py takes; else they go to pytest's own

Nothing sleeps or is tried again: each test waits for what it expects to see.
"""

import os
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from wire import Wire

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "websocket_test.html"
COUNT_TO_200 = "".join(f"{number} " for number in range(1, 201))

expect.set_options(timeout=15_000)


@dataclass
class Gateway:
    http: str
    ws: str


def start_gateway(*options):
    """Starts a gateway on a free port; gives it and its process."""
    program = os.environ.get("GATEWAY_BIN", str(ROOT / "target/debug/agentcore-gateway"))
    command = [program, "--listen", "127.0.0.1:0", "--log", "warn", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    http = None
    for line in process.stdout:
        http = http or re.search(r"http://[\w.:\[\]]+/", line)
        ws = re.search(r"ws://[\w.:\[\]]+/", line)
        if http and ws:
            return Gateway(http[0], ws[0]), process
    raise RuntimeError(f"{program} ended with {process.wait()} before it named its address")


@pytest.fixture(scope="session")
def gateway():
    if "GATEWAY_URL" in os.environ:
        url = os.environ["GATEWAY_URL"]
        yield Gateway(url, url.replace("http", "ws", 1))
        return
    running, process = start_gateway()
    yield running
    process.terminate()
    process.wait()


@pytest.fixture
def processes():
    """Programs of one test. They end after its pages, which would tell that their connections are gone."""
    processes = []
    yield processes
    for process in processes:
        process.terminate()
        process.wait()


@pytest.fixture
def gateway_with(processes):
    """Starts a gateway with options for one test."""
    if "GATEWAY_URL" in os.environ:
        pytest.skip("a running gateway has the options that it has")

    def start(*options):
        running, process = start_gateway(*options)
        processes.append(process)
        return running

    return start


@pytest.fixture(scope="session")
def browser():
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not program:
        pytest.fail("no Chromium found: install it, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser, request, processes):
    """Makes browser contexts (one device each) in which any error on the console fails the test.

    Some the browser itself reports, such as a connection that fails; a test that provokes one names its beginning in the mark
    `browser_reports`.
    """
    problems = []
    contexts = []
    provoked = tuple(text for mark in request.node.iter_markers("browser_reports") for text in mark.args)

    def note(text):
        if not text.startswith(provoked):
            problems.append(text)

    def watch(page):
        page.on("console", lambda message: note(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: note(str(error)))

    def make(**options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        context.on("page", watch)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def context(new_context):
    return new_context()


@pytest.fixture
def page(context, gateway):
    """The page as the gateway serves it, not connected."""
    page = context.new_page()
    page.goto(gateway.http)
    return page


@pytest.fixture
def wire(gateway):
    """A cable to the gateway that a test can cut."""
    with Wire(gateway.ws) as wire:
        yield wire


@pytest.fixture
def closed_port():
    """A port that refuses connections: it is bound, so nobody else gets it, and nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def pytest_configure(config):
    config.addinivalue_line("markers", "browser_reports(beginning): the browser may report this on its console")
