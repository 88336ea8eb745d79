"""Find Chromium, or install it: `make test` runs this, the tests import `find`."""

import os
import shutil
import subprocess
import sys

HOW = (
    "The browser tests need Chromium. Install it with one of\n"
    "    sudo apt-get install -y chromium\n"
    f"    {sys.executable} -m playwright install --with-deps chromium\n"
    "and run make test again."
)


def find() -> str | None:
    """Path of a Chromium that is installed, the system's before playwright's own."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install() -> None:
    """Try Debian's package where it may be installed, then playwright's download."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        if _run("apt-get", "install", "-y", "-q", "chromium"):
            return
        if _run("apt-get", "update", "-q") and _run("apt-get", "install", "-y", "-q", "chromium"):
            return
    _run(sys.executable, "-m", "playwright", "install", "chromium")


def _run(*command: str) -> bool:
    print("$", *command, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    if find() is None:
        install()
    if (browser := find()) is None:
        sys.exit(HOW)
    print("Chromium:", browser)
