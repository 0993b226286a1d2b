"""Whether the AgentCore runtimes exist, are ready, and take calls that are signed."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from .aws import Aws, code_of, why
from .finding import Finding, error, ok, warning
from .settings import Agent, Settings

#: What agents with long_runs read the address of their queue from (docs/long-runs.md).
QUEUE_VARIABLE = "GATEWAY_REPLY_QUEUE_URL"


def look(aws: Aws, settings: Settings) -> Iterator[Finding]:
    """Looks at the runtime of each agent."""
    if not settings.agents:
        yield warning("agents", "none is configured: the built-in echo agent will answer", "set agentcore_runtime_arn or agents")
    for agent in settings.agents:
        if settings["agentcore_endpoint_url"]:
            yield ok(agent.name, "not looked at: agentcore_endpoint_url is set")
        else:
            yield from _look_at(aws, agent)


def _look_at(aws: Aws, agent: Agent) -> Iterator[Finding]:
    _, _, _, region, account, resource = agent.runtime_arn.split(":", 5)
    if account != aws.account:
        words = f"its runtime is in account {account}, and can be looked at from there only"
        yield warning(agent.name, words, "the runtime and its endpoint need policies that let the role of worker in: docs/platform.md")
        return
    control, runtime = aws.client("bedrock-agentcore-control", region), resource.removeprefix("runtime/")
    try:
        found = control.get_agent_runtime(agentRuntimeId=runtime)
    except EndpointConnectionError:
        yield error(agent.name, f"AgentCore cannot be reached in {region}", "is that the region in the runtime's ARN?")
        return
    except ClientError as failure:
        yield _unseen(agent, f"the runtime {runtime} in {region}", "look its ARN up: aws bedrock-agentcore-control list-agent-runtimes", failure)
        return
    problems = [*_of_runtime(agent, found), *_of_endpoint(control, agent, runtime)]
    yield from problems or [ok(agent.name, f"{runtime}, endpoint {agent.endpoint_name}, is ready")]


def _of_runtime(agent: Agent, found: dict[str, Any]) -> Iterator[Finding]:
    if found.get("authorizerConfiguration", {}).get("customJWTAuthorizer"):
        words = "its runtime has a JWT authorizer, and so refuses calls that are signed: every prompt would fail with agent_unavailable"
        yield error(agent.name, words, "take the authorizer from the runtime; who may connect is the gateway's to ask (auth)")
    if found["status"] != "READY":
        yield _not_ready(agent, "its runtime", found)
    protocol = found.get("protocolConfiguration", {}).get("serverProtocol", "HTTP")
    if protocol not in ("HTTP", "AGUI"):
        words = f"its runtime speaks {protocol}: it understands no prompts, only an `input` in that protocol"
        yield warning(agent.name, words, "give the runtime of an agent with the protocol HTTP or AGUI")
    if agent.long_runs and QUEUE_VARIABLE not in found.get("environmentVariables", {}):
        words = f"it may go on after its call, and its runtime's environment has no {QUEUE_VARIABLE}"
        yield warning(agent.name, words, "set that to the output replies_queue_url when the deploy has made the queue: docs/long-runs.md")


def _of_endpoint(control: Any, agent: Agent, runtime: str) -> Iterator[Finding]:
    try:
        found = control.get_agent_runtime_endpoint(agentRuntimeId=runtime, endpointName=agent.endpoint_name)
    except ClientError as failure:
        remedy = f"set endpoint_name to one that it has: aws bedrock-agentcore-control list-agent-runtime-endpoints --agent-runtime-id {runtime}"
        yield _unseen(agent, f"the endpoint {agent.endpoint_name} of {runtime}", remedy, failure)
        return
    if found["status"] != "READY":
        yield _not_ready(agent, f"its endpoint {agent.endpoint_name}", found)


def _unseen(agent: Agent, what: str, remedy: str, failure: ClientError) -> Finding:
    if code_of(failure) == "ResourceNotFoundException":
        return error(agent.name, f"{what} does not exist", remedy)
    allowed = "allow bedrock-agentcore:GetAgentRuntime and GetAgentRuntimeEndpoint"
    return warning(agent.name, f"{what} cannot be looked at: {why(failure)}", allowed)


def _not_ready(agent: Agent, what: str, found: dict[str, Any]) -> Finding:
    words = f"{what} is {found['status']}" + (f": {found['failureReason']}" if found.get("failureReason") else "")
    if found["status"].endswith("_FAILED") or found["status"] == "DELETING":
        return error(agent.name, words, "deploy the agent anew")
    return warning(agent.name, words, "wait until it is READY before prompts are sent")
