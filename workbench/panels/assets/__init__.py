"""Styles and scripts of the panels: what is no Python stands in files of its own."""

from functools import cache
from importlib.resources import files


@cache
def asset(name: str) -> str:
    """Text of a file of this folder."""
    return files(__name__).joinpath(name).read_text("utf-8")
