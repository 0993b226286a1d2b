"""An event bus, and a rule that sends what comes on it to a queue, where a test can look at it."""

import json

SOURCE = "agentcore-gateway"
DETAIL_TYPE = "Run ended"


class EventBus:
    """A bus of its own in the emulator. The queue gets what a rule as in docs/run-ended.md lets through, and nothing else."""

    def __init__(self, emulator, name):
        self._emulator = emulator
        events, queues = emulator.client("events"), emulator.client("sqs")
        self.arn = events.create_event_bus(Name=name)["EventBusArn"]
        self._queue = queues.create_queue(QueueName=f"{name}-events")["QueueUrl"]
        attributes = queues.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        pattern = {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": {"outcome": ["completed", "failed", "stopped"]}}
        events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps(pattern))
        failed = events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
        assert failed["FailedEntryCount"] == 0

    def of(self, request):
        """The events about a request so far."""
        events = [json.loads(message["Body"]) for message in self._emulator.messages(self._queue)]
        return [event for event in events if event["detail"]["requestId"] == request]
