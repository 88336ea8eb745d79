"""What sends the CPU engine another way, and a team of threads."""

from collections.abc import Callable, Iterator

import pytest

from tests.compute.cpu.cases import WAYS
from workbench.device.threads import Team


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Send the engine another way."""

    def set_all(way: str) -> None:
        for module, name, value in WAYS[way]:
            monkeypatch.setattr(module, name, value)

    return set_all


@pytest.fixture
def team() -> Iterator[Team]:
    with Team() as team:
        yield team
