import pytest

import workbench as wb


@pytest.fixture(scope="session")
def shop():
    return wb.load("shop")


@pytest.fixture(scope="session")
def movies():
    return wb.load("movielens-small")
