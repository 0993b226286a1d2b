"""A run of five minutes, at whose end the worker that began it would have been ended long ago."""

import time
from concurrent.futures import ThreadPoolExecutor

from client import Client, new_id
from detached_agent import COMPLETED

SECONDS = 300
# The agent is heard in time by who waits for 20 s, and its run is let go by who waits for five minutes.
PAUSE = 10


class WholeRun:
    """Client and agent in a thread of their own."""

    def __init__(self, gateway, agentcore, agent, name):
        self.gateway = gateway
        self.client = Client(gateway.websocket_url, session=new_id())
        self.request, self._agent = new_id(), agent
        agentcore.behave(self.request, agent)
        self.client.ask("Take your time", request=self.request, agent=name)
        self._thread = ThreadPoolExecutor(1)
        self._work = self._thread.submit(self._run)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._thread.shutdown(wait=False, cancel_futures=True)
        self.client.__exit__()

    def result(self):
        """How many events the agent has sent, and the whole reply, when it has ended."""
        return self._work.result(timeout=2 * SECONDS)

    def _run(self):
        end = time.monotonic() + SECONDS
        sent = 0
        while time.monotonic() < end:
            self._agent.send(sent)
            sent += 1
            self.client.output(self.request, events=sent, seconds=60)
            time.sleep(PAUSE)
        self._agent.send(end=COMPLETED)
        return sent, self.client.ending(self.request, seconds=60)
