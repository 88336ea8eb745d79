"""Other processes, waited for by what they do."""

import time
from pathlib import Path
from subprocess import Popen


def wait_for(path: str, child: Popen) -> None:
    """Wait until a process has written a file, however busy the machine is."""
    while not Path(path).exists():
        assert child.poll() is None, child.communicate()
        time.sleep(0.1)
