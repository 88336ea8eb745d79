"""Where the notebooks are, in a checkout and in an installed package."""

from pathlib import Path

from workbench.errors import UnknownIdError

_PACKAGE = Path(__file__).resolve().parent.parent
_SUFFIX = "_report"


def notebooks_folder() -> Path:
    """Return the folder of the notebooks: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / "notebooks"
    return inside if inside.is_dir() else _PACKAGE.parent / "notebooks"


def available_reports() -> dict[str, Path]:
    """Return the report notebooks that ship with Workbench, by name."""
    found = sorted((notebooks_folder() / "reports").glob(f"*{_SUFFIX}.ipynb"))
    return {report_name(path): path for path in found}


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
