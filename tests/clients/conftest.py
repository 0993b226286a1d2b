"""Fixtures of the tests of clients in a browser: the gateway and the browser are those of tests/browser."""

import importlib.util
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copy

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "clients/javascript"
EXAMPLE = PACKAGE / "examples/react-chat"


def fixtures_of_the_page():
    """tests/browser/conftest.py under another name: both are called conftest."""
    folder = ROOT / "tests/browser"
    sys.path.append(str(folder))
    spec = importlib.util.spec_from_file_location("browser_conftest", folder / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_page = fixtures_of_the_page()
gateway, gateway_with, browser, new_context, context, processes = (
    _page.gateway,
    _page.gateway_with,
    _page.browser,
    _page.new_context,
    _page.context,
    _page.processes,
)
pytest_configure = _page.pytest_configure


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """What is fetched says nothing about the tests."""


def build(folder):
    """The example with the client's sources, as its own `npm run build` makes it."""
    aliases = {"agentcore-gateway-client": "src/index.ts", "agentcore-gateway-client/ai-sdk": "src/ai-sdk/index.ts"}
    options = [f"--alias:{name}={PACKAGE / path}" for name, path in aliases.items()]
    program = PACKAGE / "node_modules/.bin/esbuild"
    command = [program, EXAMPLE / "app.tsx", "--bundle", f"--outdir={folder / 'dist'}", "--log-level=error", *options]
    subprocess.run(command, check=True)
    copy(EXAMPLE / "index.html", folder)


@pytest.fixture(scope="session")
def react_chat(tmp_path_factory, gateway):
    """The address of examples/react-chat, on loopback and with the gateway."""
    folder = tmp_path_factory.mktemp("react-chat")
    build(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/?gateway={gateway.ws}"
        server.shutdown()
