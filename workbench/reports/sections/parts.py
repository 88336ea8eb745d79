"""Pieces of reports."""

from IPython.display import HTML

from workbench.panels.controls import cards


def report_html(*parts: str) -> HTML:
    """Parts of a report in the block that its style applies to."""
    return HTML(cards.box(*parts))
