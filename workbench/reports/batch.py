"""A batch of reports: one row of a table, one report, and an index page of them all."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from workbench import __version__
from workbench.datasets import Dataset, load
from workbench.errors import DataError, OptionError, WorkbenchError
from workbench.reports.execution import DEFAULT_OUTPUT, run, write_whole
from workbench.reports.page import Facts, batch_page
from workbench.reports.parameters import declared_parameters, require_names
from workbench.reports.plan import Plan, find_report, plan, report_name
from workbench.validation import at_least

_STATE = "batch.json"


@dataclass
class Entry:
    """One report of a batch, as the index shows it and the state file keeps it."""

    parameters: dict[str, Any]
    status: str = "waiting"
    page: str = ""
    reason: str = ""
    seconds: float = 0.0


@dataclass
class Children:
    """The running processes, one a report, so that an interruption can end them all."""

    running: set[subprocess.Popen[str]] = field(default_factory=set)
    stopped: bool = False
    lock: Lock = field(default_factory=Lock)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Make one report in a process of its own and return what it answers."""
        with self.lock:
            if self.stopped:
                return {"reason": "interrupted"}
            # A session of its own: Ctrl-C reaches this process alone, which then ends the others.
            child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
            self.running.add(child)
        answer, complaint = child.communicate(json.dumps(request))
        self.running.discard(child)
        if child.returncode:
            return {"reason": (complaint.strip().splitlines() or ["the process died"])[-1]}
        return json.loads(answer.splitlines()[-1])

    def stop(self) -> None:
        """End what runs, each with the chance to take its kernel along."""
        with self.lock:
            self.stopped = True
            for child in self.running:
                child.send_signal(signal.SIGINT)


def report_batch(
    name: str,
    table: str | Path | pd.DataFrame,
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
    started = monotonic()
    at_least("jobs", jobs, 1)
    columns, rows = _read_rows(name, table, common)
    folder = Path(output or DEFAULT_OUTPUT)
    folder.mkdir(parents=True, exist_ok=True)
    state = _read_state(folder / _STATE)
    entries, plans = _plan_all(name, rows)
    made = {} if force else {key: old for key, old in state.items() if _is_made(old, folder)}
    entries |= {key: made[key] for key in entries.keys() & made.keys()}
    todo = {key: planned for key, planned in plans.items() if key not in made}

    def save(key: str) -> None:
        state[key] = entries[key]
        text = json.dumps({key: asdict(entry) for key, entry in state.items()}, indent=1)
        write_whole(folder / _STATE, text)

    try:
        _make(todo, entries, save, jobs=jobs, output=folder, timeout=timeout, progress=progress)
    finally:
        facts = Facts(
            name=report_name(find_report(name)),
            language=str(common.get("language", "en")),
            data=", ".join(sorted({f"{p.data_name} · {p.data_hash}" for p in plans.values()})),
            version=__version__,
            made=datetime.now().astimezone(),
            seconds=monotonic() - started,
            parameters=common,
        )
        write_whole(folder / "index.html", batch_page(facts, columns, list(entries.values())))
    return folder / "index.html"


def _make(
    plans: Mapping[str, Plan],
    entries: Mapping[str, Entry],
    save: Callable[[str], None],
    *,
    jobs: int,
    output: Path,
    timeout: float,
    progress: bool,
) -> None:
    children = Children()

    def make(planned: Plan) -> dict[str, Any]:
        started = monotonic()
        request = asdict(planned) | {"notebook": str(planned.notebook)}
        answer = children.ask({"plan": request, "output": str(output), "timeout": timeout})
        return answer | {"seconds": monotonic() - started}

    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(make, planned): key for key, planned in plans.items()}
        done = as_completed(futures)
        try:
            for future in tqdm(done, total=len(futures), unit="report", disable=not progress):
                answer = future.result()
                entry = entries[futures[future]]
                entry.status = "done" if "page" in answer else "failed"
                entry.page = answer.get("page", "")
                entry.reason = answer.get("reason", "")
                entry.seconds = answer["seconds"]
                save(futures[future])
        except BaseException:
            children.stop()
            raise


def _plan_all(name: str, rows: list[dict[str, Any]]) -> tuple[dict[str, Entry], dict[str, Plan]]:
    """Plan every row; one that cannot be planned is an entry that has failed."""
    open_data: Callable[[str], Dataset] = cache(load)
    entries: dict[str, Entry] = {}
    plans: dict[str, Plan] = {}
    for row in rows:
        try:
            planned = plan(name, row, open_data=open_data)
        except WorkbenchError as error:
            entries[json.dumps(row)] = Entry(row, "failed", reason=str(error))
        else:
            entries[_key(planned)] = Entry(row)
            plans[_key(planned)] = planned
    return entries, plans


def _is_made(entry: Entry, folder: Path) -> bool:
    return entry.status == "done" and (folder / entry.page).is_file()


def _key(planned: Plan) -> str:
    """Whatever would make the report come out differently."""
    notebook = sha256(planned.notebook.read_bytes()).hexdigest()
    parts = [notebook, planned.stem, planned.parameters, planned.data_hash, __version__]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _read_rows(
    name: str, table: str | Path | pd.DataFrame, common: Mapping[str, Any]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Read the table and check every header and value, before anything runs."""
    frame = table if isinstance(table, pd.DataFrame) else _read_csv(Path(table))
    if frame.empty:
        raise DataError(f"the table of a batch of {name!r} reports has no rows")
    declared = declared_parameters(find_report(name))
    require_names(name, declared, [*map(str, frame.columns), *common])
    rows = []
    for number, record in enumerate(frame.to_dict("records"), start=1):
        values = {str(key): value for key, value in record.items() if not _is_empty(value)}
        row = {}
        for column, value in (dict(common) | values).items():
            try:
                row[column] = declared[column].convert(value)
            except OptionError as error:
                raise OptionError(f"row {number}, column {column!r}: {error}") from None
        rows.append(row)
    return list(map(str, frame.columns)), rows


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}") from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(f"{path}: the rows have more cells than the header")
    return frame


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and value != value)


def _read_state(path: Path) -> dict[str, Entry]:
    if not path.is_file():
        return {}
    try:
        return {key: Entry(**entry) for key, entry in json.loads(path.read_text("utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not the state of a batch ({error}); delete it") from error


def _answer() -> None:
    """Make the one report asked for on standard input: what a child process runs."""
    request = json.load(sys.stdin)
    fields = request.pop("plan")
    planned = Plan(**fields | {"notebook": Path(fields["notebook"])})
    try:
        answer = {"page": run(planned, progress=False, **request).name}
    except WorkbenchError as error:
        answer = {"reason": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    _answer()
