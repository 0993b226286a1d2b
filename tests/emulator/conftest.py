import pytest

from example_agent import running_agent


@pytest.fixture(scope="session")
def agent_port():
    with running_agent() as port:
        yield port
