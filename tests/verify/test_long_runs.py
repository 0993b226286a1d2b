"""The check of long runs, with an agent that goes on by itself by the helper of agentcore_example."""

import asyncio
import json

import pytest
from conftest import QUICK, GatewayProcess, in_front_of
from container import Container
from faulty import Fault
from long_run import ENDPOINT_VARIABLE, QUEUE_VARIABLE, LongRun
from many import Busy
from verify.checks import long_run
from verify.gateway import Gateway
from verify.options import Options
from verify.outcome import Broken


class Agent:
    """Goes on by itself at "work" until one run more may end; answers all else in its call."""

    def __init__(self):
        self.may_end = asyncio.Semaphore(0)

    async def answer(self, payload):
        if payload["prompt"] != "work":
            yield payload["prompt"]
            return
        offer = payload["gatewayReply"]
        environment = {QUEUE_VARIABLE: offer["queueUrl"], ENDPOINT_VARIABLE: offer["endpointUrl"]}
        yield LongRun(payload, Busy(), environment=environment).detach(self._work)

    async def _work(self, run):
        await run.send("begun")
        await self.may_end.acquire()
        await run.send("done")


class Joined(Fault):
    """Lets the agent end when another device has joined its run."""

    def __init__(self, agent):
        self.agent = agent

    async def to_client(self, line, frame, text):
        await line.client.send(text)
        if frame["type"] == "resumed":
            self.agent.may_end.release()


class OtherForTheLate(Joined):
    async def to_client(self, line, frame, text):
        await super().to_client(line, frame, json.dumps(frame | {"events": ["other"]}) if line.number == 1 and frame["type"] == "output" else text)


class StopsNothing(Joined):
    """Answers the stop, and lets the run go on to its end."""

    async def to_gateway(self, line, parts):
        message = json.loads("".join(parts))
        if message.get("action") == "stop":
            self.agent.may_end.release()
            await line.client.send(json.dumps({"type": "stopping", "requestId": message["requestId"], "sessionId": message["sessionId"]}))
        else:
            await super().to_gateway(line, parts)


def outcome(fault, prompt="work", options=("--long-runs",)):
    """What the check says of a gateway with such an agent, behind a proxy with such a fault."""

    async def make():
        agent = Agent()
        async with Container(agent.answer) as container:
            process = GatewayProcess(*options, "--agent", container.url)
            try:
                async with in_front_of(process.url, fault(agent)) as url:
                    settings = QUICK | {"longest_run": 20} | {"url": url, "long_agent": "default", "long_run_prompt": prompt}
                    return await long_run.check(Gateway(Options(**settings)))
            finally:
                process.kill()

    return asyncio.run(make())


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    # The queue of a gateway on one machine looks at none, but boto3 wants some.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")


def test_the_gateway_passes():
    assert outcome(Joined).startswith("completed")


@pytest.mark.parametrize(
    ("fault", "prompt", "words"),
    [
        (Joined, "answer at once", "answered within its call"),
        (OtherForTheLate, "work", "a device that came later got other frames"),
        (StopsNothing, "work", "should be stopped, and is completed"),
    ],
)
def test_a_long_run_that_is_none_or_is_not_whole(fault, prompt, words):
    with pytest.raises(Broken, match=words):
        outcome(fault, prompt)
