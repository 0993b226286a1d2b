"""The gateway as it is deployed: the Terraform configuration, applied to an AWS emulator, and compiled functions in it.

    make emulator-test

An agent runs behind a double of AgentCore, clients come over real WebSockets, and every call that a function makes is held to
the policy of its role. AGENT_PYTHON names the Python that has the requirements of agentcore_example, else .venv's is taken.

Nothing sleeps for a fixed time, but for the agent of `whole_run.py`, which goes on beside all tests, and nothing is tried again.
"""

import boto3
import pytest

from agentcore_double import AgentCoreDouble, Hold
from client import Client, new_id
from deployment import Deployment
from detached_agent import AgentRole, DetachedAgent
from emulator import ACCOUNT, REGION, Emulator
from event_bus import EventBus
from example_agent import running_agent
from signature import credentials_of
from tokens import AUDIENCE, CLIENT, Issuer
from waiting import until
from whole_run import WholeRun

RUNTIME_ARN = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/example-AbCdEf1234"
ALLOWED_ORIGIN = "https://app.example.com"
# The agent that may go on by itself.
LONG = "long"
# A reply of forty events.
COUNT = "count to 40"
COUNTED = " ".join(map(str, range(1, 41)))


@pytest.fixture(scope="session")
def agent_port():
    with running_agent() as port:
        yield port


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def agentcore(emulator, agent_port):
    """AgentCore with the example agent, called with the credentials of functions and held to their roles."""
    with AgentCoreDouble(
        runtime_arn=RUNTIME_ARN,
        endpoint_name="DEFAULT",
        region=REGION,
        agent_port=agent_port,
        find_credentials=lambda key: _credentials(emulator, key),
        is_allowed=lambda key, action, resource: _is_allowed(emulator, _credentials(emulator, key), action, resource),
    ) as double:
        yield double


@pytest.fixture(scope="session")
def issuer():
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def bus(emulator):
    """The event bus that the open gateway tells of runs that have ended."""
    return EventBus(emulator, "runs")


@pytest.fixture(scope="session")
def deployments(emulator, agentcore, issuer, bus):
    """One deployment for each way to say who may connect, and one for long runs."""
    common = {
        "agentcore_runtime_arn": RUNTIME_ARN,
        "agentcore_endpoint_url": agentcore.url,
        "allowed_origins": [ALLOWED_ORIGIN],
        # Short enough to wait for.
        "retry_window_seconds": 2,
        "silence_limit_seconds": 8,
        "max_receive_count": 4,
    }
    made = [
        Deployment(emulator, "gateway-open", auth="none", event_bus_arn=bus.arn, **long_runs(emulator), **common),
        Deployment(
            emulator,
            "gateway-jwt",
            auth="jwt",
            jwt_issuer=issuer.url,
            jwt_audiences=["another-gateway", AUDIENCE],
            jwt_clients=[CLIENT],
            **common,
        ),
        Deployment(emulator, "gateway-iam", auth="iam", **common),
        # Its runs last longer than its worker may. It takes no uploads.
        Deployment(emulator, "gateway-long", auth="none", max_upload_bytes=0, timeout_seconds={"worker": 60}, **long_runs(emulator), **common),
    ]
    # One after the other: each run of Terraform offline writes the settings anew that the others read.
    for deployment in made:
        deployment.apply()
    return made


def long_runs(emulator):
    """The same runtime under another name, by which it may go on by itself."""
    return {"agents": {LONG: {"runtime_arn": RUNTIME_ARN, "long_runs": True}}, "replies_endpoint_url": emulator.url}


@pytest.fixture(scope="session")
def gateway(deployments):
    """The deployment where everybody may connect."""
    return deployments[0]


@pytest.fixture(scope="session")
def authenticated_gateway(deployments):
    """The deployment that wants a token."""
    return deployments[1]


@pytest.fixture(scope="session")
def signed_gateway(deployments):
    """The deployment that wants a signed handshake."""
    return deployments[2]


@pytest.fixture(scope="session")
def long_gateway(deployments):
    """The deployment whose worker has a minute."""
    return deployments[3]


@pytest.fixture(scope="session")
def agent_role(emulator, gateway):
    """The role of the open gateway's agent."""
    return AgentRole(emulator, "open-agent", gateway.agent_policy)


@pytest.fixture
def detaching(agentcore, agent_role):
    """Names a request whose agent goes on by itself."""

    def make():
        request = new_id()
        return request, agentcore.behave(request, DetachedAgent(agent_role))

    return make


@pytest.fixture
def run(client, gateway, detaching):
    """A run that its agent goes on with by itself: its request, and the agent."""
    request, agent = detaching()
    client.ask("Take your time", request=request, agent=LONG)
    until(lambda: gateway.is_detached(client.session), "the run is detached")
    return request, agent


@pytest.fixture(scope="session")
def whole_run(emulator, long_gateway, agentcore):
    """A run that takes longer than its worker may."""
    agent = DetachedAgent(AgentRole(emulator, "long-agent", long_gateway.agent_policy))
    with WholeRun(long_gateway, agentcore, agent, LONG) as run:
        yield run


@pytest.fixture(scope="session", autouse=True)
def _begin_the_whole_run(request):
    """It takes minutes, so it begins before all tests, and goes on beside them."""
    if any("whole_run" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("whole_run")


@pytest.fixture
def connect(gateway):
    """Makes clients of the gateway, by default each in a session of its own."""
    clients = []

    def make(*, deployment=gateway, query="", **options):
        client = Client(deployment.websocket_url + query, **{"session": new_id()} | options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.__exit__()


@pytest.fixture
def client(connect):
    return connect()


@pytest.fixture
def held(agentcore):
    """Names a request whose reply stands still after so many events, until the test releases it."""

    def make(after=10):
        request = new_id()
        return request, agentcore.behave(request, Hold(after))

    return make


def _credentials(emulator, key):
    """What the function with this access key was given, or None."""
    known = (process.environment for process in emulator.processes())
    return next((credentials_of(environment) for environment in known if environment["AWS_ACCESS_KEY_ID"] == key), None)


def _is_allowed(emulator, credentials, action, resource):
    caller = boto3.client(
        "sts",
        endpoint_url=emulator.url,
        region_name=REGION,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
    )
    # arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
    role = caller.get_caller_identity()["Arn"].split("/")[1]
    simulated = emulator.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", ActionNames=[action], ResourceArns=[resource]
    )
    return simulated["EvaluationResults"][0]["EvalDecision"] == "allowed"
