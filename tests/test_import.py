"""The house: cheap to enter, built so that imports go one way, and each name private to its file.

A rule is one test over all modules: its message names every place that breaks it.
"""

import ast
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

import pytest

import workbench

SOURCES = Path(workbench.__file__).parent

# A room may import from the lines above its own and from itself.
HOUSE = (
    ("columns", "errors", "evidence", "families", "words"),
    ("html", "io", "validation"),
    ("device", "strings"),
    ("datasets",),
    ("compute",),
    ("models",),
    ("evaluation",),
    ("language",),
    ("feedback", "trust"),
    ("plots",),
    ("panels",),
    ("reports",),
    ("cli",),
)
FLOOR = {room: floor for floor, rooms in enumerate(HOUSE) for room in rooms}
NAMEDTUPLE = {"_replace", "_asdict", "_fields", "_make"}  # public, in spite of their names
HEAVY = {"numpy", "pandas", "scipy", "torch", "transformers", "pandera", "plotly", "ipywidgets"}
LIGHT = ("strings", "device", "validation", "errors", "columns", "families", "evidence", "html")
MOST_LINES, MOST_FILES = 400, 12

# What breaks a rule until its room is mended. It may only shrink: what is mended must leave it.
KNOWN: dict[str, set[str]] = {
    "circles": set(),
    "private": set(),
    "sizes": set(),
}


def broken(rule: str, found: set[str]) -> None:
    """Fail for what breaks a rule, but for what is known, and for what is known and mended."""
    new, mended = sorted(found - KNOWN[rule]), sorted(KNOWN[rule] - found)
    assert not new, "\n".join(new)
    assert not mended, "take out of KNOWN:\n" + "\n".join(mended)


def python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@cache
def modules() -> dict[str, ast.Module]:
    """The tree of every module, by its name: "models.recommender"; of a package, by its own."""
    trees = {}
    for path in sorted(SOURCES.rglob("*.py")):
        parts = path.relative_to(SOURCES).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        trees[name] = ast.parse(path.read_text("utf-8"))
    return trees


@cache
def imported(module: str) -> list[tuple[str, ...]]:
    """Everything of the house that a module imports, at its top or later, as parts of a path."""
    found = []
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Import):
            found += [tuple(name.name.split(".")) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide which room is meant"
            found += [(*str(node.module).split("."), name.name) for name in node.names]
    return [tuple(path) for package, *path in found if package == "workbench" and path]


@cache
def homes() -> dict[str, str]:
    """The room of every public name."""
    stub = ast.parse((SOURCES / "__init__.pyi").read_text("utf-8"))
    rooms = [node for node in stub.body if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.name: str(node.module) for node in rooms for alias in node.names}


def room(name: str) -> str:
    """Room of a module or of a public name."""
    return homes().get(name, name)


def edges(module: str) -> Iterator[str]:
    """Modules that a module imports."""
    for path in imported(module):
        targets = (".".join(path), ".".join(path[:-1]))
        yield from [target for target in targets if target in modules() and target != module][:1]


# --- entering -----------------------------------------------------------------------------------


def test_importing_workbench_or_its_ground_floor_brings_nothing_heavy() -> None:
    code = (
        "import json, sys, workbench\n"
        f"heavy, brought = {HEAVY}, {{}}\n"
        f"for light in ('', *{LIGHT}):\n"
        "    __import__(f'workbench.{light}'.rstrip('.'))\n"
        "    brought[light] = sorted(heavy & set(sys.modules))\n"
        "print(json.dumps(brought))"
    )
    assert not {name: brought for name, brought in json.loads(python(code)).items() if brought}


def test_every_public_name_is_there() -> None:
    missing = [name for name in workbench.__all__ if getattr(workbench, name, None) is None]
    assert not missing
    assert set(workbench.__all__) <= set(dir(workbench))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="No workbench attribute loda"):
        workbench.loda  # noqa: B018


# --- one way ------------------------------------------------------------------------------------


def test_imports_go_down_only() -> None:
    rooms = {module.split(".")[0] for module in modules() if module}
    assert rooms <= FLOOR.keys(), "a room without a floor"
    wrong = [
        f"{module} imports {'.'.join(path)}"
        for module in modules()
        if module
        for path in imported(module)
        if path != ("__version__",)
        and (mine := room(module.split(".")[0])) != (home := room(path[0]))
        and FLOOR[home] >= FLOOR[mine]
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_topmost_room_enters_by_the_front_door() -> None:
    """``import workbench as wb`` in a room below would let it reach upward unseen."""
    entering = {
        module
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and "workbench" in [name.name for name in node.names]
    }
    assert entering <= {"cli"}


def test_no_circle_of_imports() -> None:
    broken("circles", {" - ".join(group) for group in circles()})


def circles() -> list[list[str]]:
    """Groups of modules that import one another (Tarjan 1972); packages only hand names on."""
    packages = {name for name in modules() if any(n.startswith(f"{name}.") for n in modules())}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups, number = [], count()

    def visit(module: str) -> None:
        index[module] = low[module] = next(number)
        stack.append(module)
        for target in edges(module):
            if target in packages:
                continue
            if target not in index:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], index[target])
        if low[module] == index[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            groups.append(sorted(group))

    for module in modules():
        if module not in index and module not in packages:
            visit(module)
    return [group for group in groups if len(group) > 1]


# --- private ------------------------------------------------------------------------------------


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in NAMEDTUPLE


def test_private_names_stay_in_their_file() -> None:
    found = {f"{module}: imports {path[-1]}" for module in modules() for path in imported(module)
             if any(map(private, path))}  # fmt: skip
    named = {f"{module}: a module is called so" for module in modules()
             if any(map(private, module.split(".")))}  # fmt: skip
    broken("private", found | named | set(touched()))


def touched() -> Iterator[str]:
    """Private attributes of others than self and cls, used outside the file that defines them.

    Hooks are no such: methods that a base class of the house declares, which classes of other
    files override and the base calls.
    """
    hooks = {
        item.name
        for tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and is_base(node)
        for item in node.body
        if isinstance(item, ast.FunctionDef) and private(item.name) and ast.get_docstring(item)
    }
    for module, tree in modules().items():
        mine = defined(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and private(node.attr):
                owner = node.value
                own = isinstance(owner, ast.Name) and owner.id in ("self", "cls")
                parent = isinstance(owner, ast.Call) and ast.unparse(owner.func) == "super"
                if not (own or parent or node.attr in mine or node.attr in hooks):
                    yield f"{module}: {ast.unparse(node)}"


def is_base(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base) in ("ABC", "Protocol") for base in node.bases)


def defined(tree: ast.Module) -> set[str]:
    """Private names that a file defines: its functions, fields and what is set on self."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.id if isinstance(node, ast.Name) else node.attr)
    return {name for name in names if private(name)}


# --- sizes --------------------------------------------------------------------------------------


def test_files_and_folders_are_small() -> None:
    files = [path for path in SOURCES.rglob("*.py") if path.name != "__init__.py"]
    place = {path: path.relative_to(SOURCES).as_posix() for path in files}
    long = {place[p] for p in files if len(p.read_text("utf-8").splitlines()) > MOST_LINES}
    full = {
        folder.relative_to(SOURCES).as_posix()
        for folder, number in Counter(path.parent for path in files).items()
        if number > MOST_FILES
    }
    broken("sizes", long | full)
