"""Report notebooks, executed into self-contained HTML pages: one, or a batch of them."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from workbench.reports.sections.campaign import CampaignReport
    from workbench.reports.sections.model import ModelReport
    from workbench.reports.sections.user import UserReport

__all__ = ["CampaignReport", "ModelReport", "UserReport", "report", "report_batch"]


def __getattr__(name: str) -> Any:
    """Sections on first use: they load all that draws and writes, which a plan does without."""
    if name not in ("CampaignReport", "ModelReport", "UserReport"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = name.removesuffix("Report").lower()
    return getattr(import_module(f"workbench.reports.sections.{module}"), name)


def report(
    name: str = "user",
    *,
    output: str | Path | None = None,
    timeout: float = 900,
    progress: bool = True,
    **parameters: Any,
) -> Path:
    """Execute a report notebook and write it as one HTML page that needs no network.

    Parameters
    ----------
    name : str
        A report that ships with Workbench (``"user"``), or the path of a notebook with a cell
        tagged ``parameters``.
    output : path, optional
        Folder for the page and the executed notebook, ``reports`` by default.
    timeout : float
        Seconds that one cell may take.
    progress : bool
        Whether to show a progress bar on standard error.
    **parameters
        Values for the notebook's parameters; what is not given keeps the notebook's default.

    Returns
    -------
    Path
        The HTML page; the executed notebook lies beside it.

    Raises
    ------
    OptionError
        If the notebook has no such parameter or the value does not fit it.
    UnknownIdError
        If there is no such report, data set or user.
    ReportError
        If a cell fails. The message names the cell and the notebook to read it in.

    Notes
    -----
    The kernel runs in the current folder with the current interpreter, and is told not to ask
    model hubs for anything; ``HF_HUB_OFFLINE=0`` in the environment lifts that.

    Examples
    --------
    >>> report("user", user_id=42, k=80)  # doctest: +SKIP
    PosixPath('reports/user-42-5f1c09.html')
    """
    from workbench.reports.execution import run
    from workbench.reports.plan import plan

    return run(plan(name, parameters), output=output, timeout=timeout, progress=progress)


def report_batch(
    name: str,
    table: "str | Path | pd.DataFrame",
    *,
    jobs: int = 1,
    force: bool = False,
    output: str | Path | None = None,
    timeout: float = 900,
    progress: bool = True,
    **common: Any,
) -> Path:
    """Write one report for each row of a table, and an index page of them all.

    A report that fails is listed with its reason and does not stop the rest. Running the same
    batch again makes only what failed, what is new, and what other data, another version or an
    edited notebook would make differently.

    Parameters
    ----------
    name : str
        As in `report`.
    table : path or DataFrame
        A CSV file or a DataFrame whose columns are parameters. An empty cell keeps the default.
    jobs : int
        How many reports to make at the same time.
    force : bool
        Whether to make again what is already there.
    output, timeout, progress
        As in `report`.
    **common
        Parameters that all rows share; a column of the table wins.

    Returns
    -------
    Path
        The index page.

    Raises
    ------
    OptionError
        If a column is no parameter or a value does not fit; the message names row and column.
    DataError
        If the table cannot be read or has no rows.
    """
    from workbench.reports.batch import run_batch

    return run_batch(
        name,
        table,
        jobs=jobs,
        force=force,
        output=output,
        timeout=timeout,
        progress=progress,
        common=common,
    )
