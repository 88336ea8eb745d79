"""The house: cheap to enter, and built so that imports go one way."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench

SOURCES = Path(workbench.__file__).parent

# A room may import from the lines above its own and from itself.
HOUSE = (
    ("columns", "errors", "evidence", "families", "io", "words"),
    ("html", "validation"),
    ("device", "strings"),
    ("datasets",),
    ("compute",),
    ("models",),
    ("evaluation",),
    ("language",),
    ("plots",),
    ("panels",),
    ("reports",),
    ("cli",),
)
FLOOR = {room: floor for floor, rooms in enumerate(HOUSE) for room in rooms}
HEAVY = {"numpy", "pandas", "scipy", "torch", "transformers", "pandera", "plotly", "ipywidgets"}


def python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def modules() -> list[tuple[str, ...]]:
    paths = (path.relative_to(SOURCES).with_suffix("") for path in SOURCES.rglob("*.py"))
    return sorted(path.parts for path in paths if path.name != "__init__" or len(path.parts) > 1)


def imports(module: tuple[str, ...]) -> Iterator[list[str]]:
    """Everything of the house that a module imports, at its top or later, as parts of a path."""
    tree = ast.parse(SOURCES.joinpath(*module).with_suffix(".py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".") for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which room is meant"
            yield from ([*str(node.module).split("."), name.name] for name in node.names)


def test_importing_workbench_brings_nothing_heavy() -> None:
    loaded = python("import json, sys, workbench; print(json.dumps(sorted(sys.modules)))")
    assert not HEAVY & set(json.loads(loaded))


@pytest.mark.parametrize(
    "light", ["strings", "device", "validation", "errors", "columns", "families"]
)
def test_the_ground_floor_is_light(light: str) -> None:
    loaded = python(f"import json, sys, workbench.{light}; print(json.dumps(sorted(sys.modules)))")
    assert not HEAVY & set(json.loads(loaded))


@pytest.mark.parametrize("name", workbench.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(workbench, name) is not None
    assert name in dir(workbench)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'workbench' has no attribute 'loda'"):
        workbench.loda  # noqa: B018


def test_public_names_for_type_checkers_are_those_of_the_lazy_import() -> None:
    tree = ast.parse(Path(workbench.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    declared = {name.name for node in block.body for name in node.names}
    assert declared == set(workbench.__all__) - {"__version__"}


def test_every_room_has_its_floor() -> None:
    assert {module[0] for module in modules()} <= FLOOR.keys()


@pytest.mark.parametrize("module", modules(), ids=".".join)
def test_imports_go_down_only(module: tuple[str, ...]) -> None:
    room = module[0]
    for package, *path in imports(module):
        if package != "workbench" or path in ([], ["__version__"]):
            continue
        home = workbench._HOMES.get(path[0], f"workbench.{path[0]}").split(".")[1]
        assert home == room or FLOOR[home] < FLOOR[room], f"{module} imports {path}"


@pytest.mark.parametrize("module", modules(), ids=".".join)
def test_private_modules_and_names_stay_in_their_room(module: tuple[str, ...]) -> None:
    for package, *path in imports(module):
        if package == "workbench" and path and path[0] != module[0]:
            private = [part for part in path if part.startswith("_") and part != "__version__"]
            assert not private, f"{module} imports {path}"


@pytest.mark.parametrize("module", modules(), ids=".".join)
def test_only_the_topmost_rooms_enter_by_the_front_door(module: tuple[str, ...]) -> None:
    """``import workbench as wb`` in a room below would let it reach upward unseen."""
    if module[0] not in ("cli",):
        assert ["workbench"] not in list(imports(module))
