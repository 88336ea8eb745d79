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
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError, WorkbenchError
from workbench.options import at_least
from workbench.reports.html import Facts, batch_page
from workbench.reports.notebooks import find_report, report_name
from workbench.reports.parameters import Plan, checked, declared_parameters, open_dataset, plan
from workbench.reports.run import DEFAULT_OUTPUT, run, write_whole

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
            child = subprocess.Popen(
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
