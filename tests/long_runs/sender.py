"""Sends messages for a run as boto3 does, good ones and bad ones."""

import asyncio
import hashlib
import json
import uuid

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

COMPLETED = {"outcome": "completed"}


class Sender:
    """An agent's messages, by what it was given."""

    def __init__(self, gateway_reply):
        self.reply = gateway_reply
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
        self._sqs = boto3.session.Session().client(
            "sqs", region_name=gateway_reply["region"], endpoint_url=gateway_reply["endpointUrl"], config=config
        )

    def message(self, index, *events, **members):
        """A message's body; a member that is given takes the place of the right one."""
        body = {"type": "reply", "version": 1, "run": self.reply["run"], "token": self.reply["token"], "index": index}
        return json.dumps(body | {"events": events} | members)

    async def send(self, index, *events, **members):
        """Sends a message as it should be, but for `members`."""
        once = f"{self.reply['run']}:{self.reply['token']}:{index}"
        await self.send_body(self.message(index, *events, **members), hashlib.sha256(once.encode()).hexdigest())

    async def send_body(self, body, deduplication_id=None):
        """Sends any body, of which no earlier one makes a repetition."""
        return await asyncio.to_thread(
            self._sqs.send_message,
            QueueUrl=self.reply["queueUrl"],
            MessageBody=body,
            MessageGroupId=self.reply["group"],
            MessageDeduplicationId=deduplication_id or uuid.uuid4().hex,
        )

    async def refusal(self, body):
        """The code with which the body is refused."""
        try:
            await self.send_body(body)
        except ClientError as error:
            return error.response["Error"]["Code"]
        raise AssertionError("the message was taken")
