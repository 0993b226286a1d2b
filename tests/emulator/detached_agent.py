"""An agent that goes on by itself after its call, with the rights that the gateway's Terraform says it needs, and no others."""

import hashlib
import json
import threading

from agentcore_double import Answer
from roles import Role

PATIENCE = 15
COMPLETED = {"outcome": "completed"}


class AgentRole(Role):
    """An agent's execution role: it has the policy of a deployment's output, and nothing else."""

    def __init__(self, emulator, name, policy):
        iam = emulator.client("iam")
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "bedrock-agentcore.amazonaws.com"}}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
        iam.put_role_policy(RoleName=name, PolicyName="gateway-replies", PolicyDocument=policy)
        super().__init__(emulator, name)


class DetachedAgent:
    """A behaviour of the double: the call is answered with the marker. What is said then, and when, the test decides."""

    def __init__(self, role):
        self._role = role
        self._called = threading.Event()
        self._index = 0
        self._sqs = None
        # What the gateway has given it.
        self.reply = None

    def answer(self, call):
        self.reply = call.body["gatewayReply"]
        self._called.set()
        return Answer("application/json", json.dumps({"detached": self.reply["run"]}).encode())

    def send(self, *events, end=None):
        """Sends the next message: a heartbeat, if it holds nothing."""
        assert self._called.wait(PATIENCE), "the agent was not called"
        if self._sqs is None:
            self._sqs = self._role.client("sqs", self.reply["endpointUrl"])
        self._sqs.send_message(**self.message(self._index, events, end))
        self._index += 1

    def message(self, index, events, end=None):
        """The parameters of a message: docs/long-runs.md, section 4."""
        run, token = self.reply["run"], self.reply["token"]
        body = {"type": "reply", "version": 1, "run": run, "token": token, "index": index, "events": list(events)}
        return {
            "QueueUrl": self.reply["queueUrl"],
            "MessageGroupId": self.reply["group"],
            "MessageDeduplicationId": hashlib.sha256(f"{run}:{token}:{index}".encode()).hexdigest(),
            "MessageBody": json.dumps(body | ({"end": end} if end else {})),
        }
