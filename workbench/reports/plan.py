"""What a report is made of: its notebook, its parameters checked, its data opened."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pandas.api.types import is_numeric_dtype

from workbench.datasets import Dataset, load
from workbench.datasets.segments import segment
from workbench.device import resolve
from workbench.errors import UnknownIdError
from workbench.reports.parameters import Parameter, checked, declared_parameters

_PACKAGE = Path(__file__).resolve().parent.parent
_SUFFIX = "_report"


@dataclass(frozen=True)
class Plan:
    """One report to be made, with every parameter checked."""

    notebook: Path
    parameters: dict[str, Any]  # all, defaults included
    stem: str  # of file names; differs where any parameter does
    data_name: str = ""  # empty where the notebook has no ``dataset`` parameter
    data_hash: str = ""


def notebooks_folder() -> Path:
    """Return the folder of the notebooks: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / "notebooks"
    return inside if inside.is_dir() else _PACKAGE.parent / "notebooks"


def available_reports() -> dict[str, Path]:
    """Return the report notebooks that ship with Workbench, by name."""
    notebooks = sorted((notebooks_folder() / "reports").glob(f"*{_SUFFIX}.ipynb"))
    return {report_name(path): path for path in notebooks}


def report_name(notebook: Path) -> str:
    """Return what a report notebook is called: ``user_report.ipynb`` is the report "user"."""
    return notebook.stem.removesuffix(_SUFFIX)


def find_report(name: str) -> Path:
    """Return the notebook of a report, given its name or the path of any notebook.

    Raises
    ------
    UnknownIdError
        If there is none; the message lists the reports that are there.
    """
    reports = available_reports()
    if name in reports:
        return reports[name]
    path = Path(name)
    if path.suffix == ".ipynb" and path.is_file():
        return path.resolve()
    known = ", ".join(reports) or "none"
    raise UnknownIdError(f"there is no report {name!r}; reports: {known}; or the path of a .ipynb")


def plan(
    name: str, values: Mapping[str, Any], *, open_data: Callable[[str], Dataset] | None = None
) -> Plan:
    """Check everything about a report that can be checked before a kernel starts."""
    notebook = find_report(name)
    declared = declared_parameters(notebook)
    parameters = checked(report_name(notebook), declared, values)
    if "device" in parameters:
        resolve(parameters["device"])
    data = (open_data or load)(parameters["dataset"]) if "dataset" in parameters else None
    if data is not None and parameters.get("user_id") is not None:
        parameters["user_id"] = id_in(data, parameters["user_id"])
    if data is not None and parameters.get("segment"):
        segment(data, parameters["segment"])
    return Plan(
        notebook,
        parameters,
        _stem(report_name(notebook), declared, parameters),
        data_name=data.name if data is not None else "",
        data_hash=data.hash if data is not None else "",
    )


def id_in(ds: Dataset, user_id: int | str) -> int | str:
    """Return a user id in the type it has in the data, or raise `UnknownIdError`."""
    text = str(user_id)
    integral = is_numeric_dtype(ds.user_ids) and text.removeprefix("-").isdecimal()
    user = int(text) if integral else text
    ds.require_users([user])
    return user


def _stem(name: str, declared: Mapping[str, Parameter], parameters: Mapping[str, Any]) -> str:
    changed = {key: value for key, value in parameters.items() if value != declared[key].default}
    changed.pop("user_id", None)
    user = "" if parameters.get("user_id") is None else str(parameters["user_id"])
    slug = re.sub(r"[^\w-]+", "_", user)[:60]
    if slug != user:
        changed["user_id"] = user
    digest = sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:6]
    return "-".join([name, *([slug] if slug else []), *([digest] if changed else [])])
