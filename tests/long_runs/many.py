"""What happens in each of many sessions at once: what the agent does there, and what the client goes through."""

import asyncio
from collections import Counter

from long_run import LongRun

# An agent's reply: this many parts, each of which the client has let it begin, and this many events in each.
PARTS = 4
EVENTS = 5


class Busy:
    """What makes `/ping` say HealthyBusy. Nobody asks for that here."""

    def add_async_task(self, name):
        return 0

    def complete_async_task(self, task_id):
        return True


class Mailbox:
    """A client of boto3 that lets a run's messages be waited for, once the gateway has taken them."""

    def __init__(self, sqs):
        self._sqs = sqs
        self._loop = asyncio.get_running_loop()
        self._taken = Counter()
        self._news = asyncio.Condition()

    def send_message(self, **parameters):
        """What the helper calls, in a thread of its own."""
        self._sqs.send_message(**parameters)
        asyncio.run_coroutine_threadsafe(self._note(parameters["MessageGroupId"]), self._loop)

    async def _note(self, group):
        async with self._news:
            self._taken[group] += 1
            self._news.notify_all()

    def taken(self, group):
        """How many messages of this group were taken."""
        return self._taken[group]

    async def beyond(self, group, count):
        """Waits until more than that were taken."""
        async with self._news:
            await self._news.wait_for(lambda: self._taken[group] > count)


class Work:
    """An agent's side of one session: it goes on after its call, part by part."""

    def __init__(self, session):
        self.session = session
        # It is at work, beyond its call.
        self.has_begun = asyncio.Event()
        self.was_refused = asyncio.Event()
        self._allowed = [asyncio.Event() for _ in range(PARTS)]

    def allow(self, part):
        self._allowed[part].set()

    def begin(self, payload, environment, mailbox):
        """Goes on by itself; the marker. Without a mailbox the helper makes boto3's client, as agents let it."""
        self._mailbox = mailbox
        self.group = payload["gatewayReply"]["group"]
        return LongRun(payload, Busy(), environment=environment, client=mailbox).detach(self._go_on)

    @property
    def events(self):
        """All that the client has to get."""
        return [self._greeting, *(self._event(part, at) for part in range(PARTS) for at in range(EVENTS))]

    @property
    def _greeting(self):
        return {"session": self.session}

    def _event(self, part, at):
        return {"session": self.session, "part": part, "at": at, "text": "Grüße aus Kyōto 🗻"}

    async def _go_on(self, run):
        self.has_begun.set()
        try:
            for part in range(PARTS):
                await self._allowed[part].wait()
                for at in range(EVENTS):
                    await run.send(self._event(part, at))
        except asyncio.CancelledError:
            self.was_refused.set()
            raise


class StoppedWork(Work):
    """An agent that is not told that its run was stopped, and finds it out."""

    async def _go_on(self, run):
        await super()._go_on(run)
        try:
            while True:
                count = self._mailbox.taken(self.group)
                await run.send("Is anybody there?")
                await self._mailbox.beyond(self.group, count)
        except asyncio.CancelledError:
            self.was_refused.set()
            raise
