"""The gateway as it is deployed: the Terraform configuration, applied to an AWS emulator, and compiled functions in it.

    make emulator-test

An agent runs behind a double of AgentCore, clients come over real WebSockets, and every call that a function makes is held to
the policy of its role. AGENT_PYTHON names the Python that has the requirements of agentcore_example, else .venv's is taken.

Nothing sleeps for a fixed time, and nothing is tried again.
"""

from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

from agentcore_double import AgentCoreDouble, Hold
from client import Client, new_id
from deployment import Deployment
from emulator import ACCOUNT, REGION, Emulator
from event_bus import EventBus
from example_agent import running_agent
from signature import credentials_of
from tokens import AUDIENCE, CLIENT, Issuer

RUNTIME_ARN = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/example-AbCdEf1234"
ALLOWED_ORIGIN = "https://app.example.com"
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
    """One deployment for each way to say who may connect, applied at once."""
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
        Deployment(emulator, "gateway-open", auth="none", event_bus_arn=bus.arn, **common),
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
    ]
    with ThreadPoolExecutor() as pool:
        list(pool.map(Deployment.apply, made))
    return made


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
