"""Report notebooks, executed into self-contained HTML pages: one, or a batch of them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.reports.batch import report_batch
    from workbench.reports.execution import report
    from workbench.reports.sections.campaign import CampaignReport
    from workbench.reports.sections.model import ModelReport
    from workbench.reports.sections.user import UserReport

__all__ = ["CampaignReport", "ModelReport", "UserReport", "report", "report_batch"]

HOMES = {
    "CampaignReport": "sections.campaign",
    "ModelReport": "sections.model",
    "UserReport": "sections.user",
    "report": "execution",
    "report_batch": "batch",
}


def __getattr__(name: str) -> Any:
    """Names on first use: to run notebooks, to draw and to write each load a lot."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
