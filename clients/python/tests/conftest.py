import pytest
from driver import Driver


@pytest.fixture
def driver() -> Driver:
    return Driver()
