"""Execution of one report notebook through papermill."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import nbformat
import papermill
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from papermill.exceptions import PapermillException, PapermillExecutionError

from workbench import __version__
from workbench.errors import ReportError
from workbench.io import atomic_file
from workbench.reports.page import Facts, report_page
from workbench.reports.plan import Plan, plan, report_name

DEFAULT_OUTPUT = "reports"

# Papermill warns of parameters whose annotation it cannot read, and logs errors that it raises.
logging.getLogger("papermill").setLevel(logging.CRITICAL)

_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    # Only the figure's data: the page embeds plotly.js once, Lab brings its own.
    "PLOTLY_RENDERER": "plotly_mimetype",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class ThisPython(AsyncKernelManager):
    """Starts kernels with the interpreter that runs Workbench, whatever others are registered."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel of the running interpreter; its log is kept off the terminal."""
        kernel = get_kernel_dict(extra_arguments=["--log-level=50"])
        environment = {key: os.environ.get(key, value) for key, value in _ENVIRONMENT.items()}
        return KernelSpec(**kernel, env=environment)


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
    return run(plan(name, parameters), output=output, timeout=timeout, progress=progress)


def run(
    planned: Plan, *, output: str | Path | None = None, timeout: float = 900, progress: bool = True
) -> Path:
    """Execute a planned report and return the path of its page.

    Raises
    ------
    ReportError
        If a cell fails or takes longer than `timeout` seconds.
    """
    folder = Path(output or DEFAULT_OUTPUT)
    folder.mkdir(parents=True, exist_ok=True)
    failed = folder / f"{planned.stem}-failed.ipynb"
    started = monotonic()
    with TemporaryDirectory() as temporary:
        draft = Path(temporary) / "draft.ipynb"
        try:
            notebook = _execute(planned, draft, timeout=timeout, progress=progress)
        except (PapermillException, TimeoutError, RuntimeError) as error:
            notebook = nbformat.read(draft, as_version=4)
            write_whole(failed, nbformat.writes(notebook))
            raise ReportError(
                f"{_explain(error, notebook, timeout)}\nRead it in {failed}"
            ) from error
    facts = Facts(
        name=report_name(planned.notebook),
        language=str(planned.parameters.get("language", "en")),
        data=f"{planned.data_name} · {planned.data_hash}" if planned.data_hash else "",
        version=__version__,
        made=datetime.now(UTC).astimezone(),
        seconds=monotonic() - started,
        parameters=planned.parameters,
    )
    page = folder / f"{planned.stem}.html"
    write_whole(page.with_suffix(".ipynb"), nbformat.writes(notebook))
    write_whole(page, report_page(notebook, facts))
    failed.unlink(missing_ok=True)
    return page


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    with atomic_file(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")


def _execute(planned: Plan, draft: Path, *, timeout: float, progress: bool) -> NotebookNode:
    notebook = nbformat.read(planned.notebook, as_version=4)
    # No page shows a panel: such cells wait, at the end, for somebody with a kernel.
    waiting = [c for c in notebook.cells if "interactive" in c.metadata.get("tags", ())]
    notebook.cells = [cell for cell in notebook.cells if cell not in waiting]
    notebook = papermill.execute_notebook(
        notebook,
        draft,
        planned.parameters,
        kernel_name="python3",
        kernel_manager_class=ThisPython,
        language="python",
        execution_timeout=timeout,
        shutdown_kernel="immediate",
        # Widgets without a kernel are dead weight: 15 MB of their JavaScript.
        store_widget_state=False,
        progress_bar=progress,
    )
    notebook.cells += waiting
    # Where the draft lay is nobody's business once the notebook is passed on.
    notebook.metadata.papermill.update(input_path=planned.notebook.name, output_path=planned.stem)
    return notebook


def _explain(error: Exception, notebook: NotebookNode, timeout: float) -> str:
    ran = [cell for cell in notebook.cells if cell.cell_type == "code" and _has_run(cell)]
    if not ran:
        return f"the kernel did not start: {error}"
    where = f"cell [{ran[-1].execution_count or len(ran)}] ({_first_line(ran[-1].source)})"
    if isinstance(error, TimeoutError):
        return f"{where} took more than {timeout:g} seconds; raise the timeout or lower the work"
    if isinstance(error, PapermillExecutionError):
        return f"{where} failed: {error.ename}: {error.evalue}"
    return f"{where} lost its kernel, perhaps for want of memory: {error}"


def _has_run(cell: NotebookNode) -> bool:
    return cell.metadata.get("papermill", {}).get("duration") is not None


def _first_line(source: str) -> str:
    code = (line.strip() for line in source.splitlines() if not line.lstrip().startswith("#"))
    return next(filter(None, code), "")[:60]
