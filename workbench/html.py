"""Texts from data in pages and figures: escaped here and nowhere else."""

from html import escape as verbatim  # pieces of a text, whose spaces count

from workbench.words import clean

__all__ = ["escape", "verbatim"]


def escape(text: object) -> str:
    """Make a text safe to stand in a page: no markup, no control or direction characters."""
    return verbatim(clean(text, limit=2000))
