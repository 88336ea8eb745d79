"""The few exceptions Workbench raises on purpose.

Each also derives from the built-in class that a caller would expect.
"""

from typing import Any


def install_line(extra: str) -> str:
    """What to type, in the project's folder, to install an optional part."""
    return f"pip install -e '.[{extra}]'"


class WorkbenchError(Exception):
    """Base of every error that Workbench raises on purpose."""


class DataError(WorkbenchError, ValueError):
    """The data break a rule; the message names the column, the row and the fix."""


class OptionError(WorkbenchError, ValueError):
    """An argument or option has a value that is not allowed; the message names those that are."""


class UnknownIdError(WorkbenchError, LookupError):
    """A user, item, dataset or model name that is not there."""


class DeviceError(WorkbenchError, RuntimeError):
    """The device that was asked for is not there, or has too little memory."""


class MissingExtraError(WorkbenchError, ImportError):
    """An optional package is not installed; the message holds the line that installs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}. "
            f"Install it, in the project's folder, with: {install_line(extra)}"
        )
        self.extra = extra


class DataFileError(WorkbenchError, OSError):
    """A data file is missing, empty or cannot be read."""


class ModelFileError(WorkbenchError, OSError):
    """A model's file is missing, empty or damaged."""


class ReportError(WorkbenchError, RuntimeError):
    """A report's notebook failed; the message names the cell and where to read it."""


class BackendError(WorkbenchError, RuntimeError):
    """A language model's server failed; the message names its address, what it said and the fix."""

    passing = False  # whether the request may succeed when it is sent again
    wait: int | None = None  # seconds that the server asks to wait before that


class PartialError(BackendError):
    """Some requests to a language model's server failed; what the others brought is kept.

    Attributes
    ----------
    answers : list of list
        The replies to each conversation that came; there may be none.
    faults : list of str
        For each conversation, why it has no reply; empty if it has one.
    """

    def __init__(self, message: str, answers: list[list[Any]], faults: list[str]) -> None:
        super().__init__(message)
        self.answers, self.faults = answers, faults


class InterruptedWriting(KeyboardInterrupt):
    """Ctrl-C while a language model wrote; `answers` holds the replies that came until then."""

    def __init__(self, answers: list[list[Any]]) -> None:
        super().__init__("interrupted")
        self.answers = answers
