"""The few exceptions Workbench raises on purpose.

Each also derives from the built-in class that a caller would expect.
"""


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
