"""200 long runs at once on one machine, whose clients lose their connections."""

import asyncio

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from many import EVENTS, Mailbox, StoppedWork, Work

pytestmark = pytest.mark.anyio

SESSIONS = 200
# One in ten has a client of boto3's of its own, as the helper makes it. That takes a tenth of a second and 8 MB each.
OWN_CLIENT = {9}
STOPPED = {0, 5}
ASKS_MEANWHILE = {1, 2, 5}
CUT_AGAIN = {2, 3, 9}


async def test_of_200_runs_at_once_no_event_is_lost_or_doubled_however_often_connections_are_cut(start):
    works = [(StoppedWork if kind_of(number) in STOPPED else Work)(name_of(number)) for number in range(SESSIONS)]
    by_name = {work.session: work for work in works}

    async def answer(payload):
        if payload["prompt"] != "work":
            yield payload["prompt"]
            return
        # Its runtime session's name is longer.
        work = by_name[payload["sessionId"][:4]]
        yield work.events[0]
        yield work.begin(payload, gateway.environment, mailbox if kind_of(int(work.session)) not in OWN_CLIENT else None)

    gateway = await start(answer, "--long-runs")
    mailbox = Mailbox(client_of(gateway))
    all_are_cut = asyncio.Barrier(SESSIONS)
    async with asyncio.TaskGroup() as tasks:
        for number, work in enumerate(works):
            tasks.create_task(client(gateway.device(work.session), work, kind_of(number), all_are_cut, mailbox))


async def client(device, work, kind, all_are_cut, mailbox):
    """One session, from the prompt to its end."""
    await device.connect()
    await device.ask("r")
    await work.has_begun.wait()
    work.allow(0)
    await device.has("r", 1 + EVENTS)
    device.cut()
    # Nobody's last part is allowed yet, so all runs are under way here.
    await all_are_cut.wait()
    work.allow(1)
    if kind % 2 and kind not in OWN_CLIENT:
        # It comes back to events of which nobody has heard; others while these are on their way.
        await mailbox.beyond(work.group, 1)
    await device.come_back("r")
    if kind in CUT_AGAIN:
        device.cut()
        await device.come_back("r")
    await device.answer("resumed")
    work.allow(2)
    await device.has("r", 1 + 3 * EVENTS)
    if kind in ASKS_MEANWHILE:
        await is_refused_at_once(device)
    if kind in STOPPED:
        await stops(device, work)
    else:
        work.allow(3)
        reply = await device.ending("r")
        assert reply.ending["type"] == "completed"
        assert reply.events == work.events
    device.cut()


async def is_refused_at_once(device):
    """The agent waits for this client, so it is not for the run's end that this waits."""
    await device.ask("meanwhile", "And now?")
    reply = await device.ending("meanwhile")
    assert (reply.ending["code"], reply.ending["retryable"]) == ("busy", True)
    assert reply.events == []


async def stops(device, work):
    await device.send(action="stop", requestId="r")
    await device.answer("stopping")
    reply = await device.ending("r")
    assert reply.ending["type"] == "stopped"
    assert reply.events == work.events[: 1 + 3 * EVENTS]
    work.allow(3)
    await work.was_refused.wait()
    # The session is free again.
    await device.ask("next", "Another one")
    reply = await device.ending("next")
    assert (reply.ending["type"], reply.events) == ("completed", ["Another one"])


def name_of(number):
    return f"{number:04}"


def kind_of(number):
    return number % 10


def client_of(gateway):
    """One client for many runs: boto3's may be shared, and 200 of them would take 20 s and 1.6 GB."""
    config = Config(signature_version=UNSIGNED, max_pool_connections=SESSIONS, retries={"total_max_attempts": 1})
    return boto3.session.Session().client("sqs", region_name="local", endpoint_url=gateway.endpoint_url, config=config)
