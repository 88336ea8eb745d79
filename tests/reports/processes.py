"""Other processes, waited for by what they do."""

import sys
import time
from pathlib import Path
from subprocess import PIPE, Popen

import psutil

# A shell that starts tests in the background has them ignore Ctrl-C, and their children too.
HEEDING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"


def start(script: str) -> Popen:
    """Run Python code in a process that Ctrl-C interrupts."""
    return Popen([sys.executable, "-c", HEEDING + script], stderr=PIPE)


def wait_for(path: str, child: Popen) -> None:
    """Wait until a process has written a file, however busy the machine is."""
    while not Path(path).exists():
        assert child.poll() is None, child.communicate()
        time.sleep(0.1)


def has_ended(pid: int, *, patience: float) -> bool:
    """Whether a process that is no child of ours ends within some seconds, reaped or not."""
    until = time.monotonic() + patience
    while psutil.pid_exists(pid):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                break
        except psutil.NoSuchProcess:
            break
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
