"""What all tests share."""

import pytest
from hypothesis import settings

# A busy machine is no bug: examples have no time limit of their own.
settings.register_profile("workbench", deadline=None)
settings.register_profile("deep", deadline=None, max_examples=1500)
settings.load_profile("workbench")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file with one process, as they share what is slow to make; but not
    runs of notebooks, which share nothing.
    """
    for item in items:
        alone = item.path.name == "test_notebooks.py"
        item.add_marker(pytest.mark.xdist_group(item.nodeid if alone else item.path.as_posix()))


@pytest.fixture(scope="session")
def shop():
    import workbench as wb

    return wb.load("shop")


@pytest.fixture(scope="session")
def movies():
    import workbench as wb

    return wb.load("movielens-small")
