"""What all tests share."""

import pytest
from hypothesis import settings

# A busy machine is no bug: examples have no time limit of their own.
settings.register_profile("workbench", deadline=None)
settings.register_profile("deep", deadline=None, max_examples=1500)
settings.load_profile("workbench")


@pytest.fixture(scope="session")
def shop():
    import workbench as wb

    return wb.load("shop")


@pytest.fixture(scope="session")
def movies():
    import workbench as wb

    return wb.load("movielens-small")
