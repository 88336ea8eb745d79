"""Widgets: one panel a file, each a plain object that computes and a thin view."""

import warnings
from importlib import import_module
from typing import Any

from workbench.panels.controls.figure_view import figure_row
from workbench.panels.copy.copy_studio import CopyStudio
from workbench.panels.data.behaviour import BehaviourExplorer, DataPicker
from workbench.panels.data.user import UserExplorer, typical_user
from workbench.panels.evaluation.model_comparison import ModelComparison
from workbench.panels.evaluation.tuning import tuning_view
from workbench.panels.lists.list_comparison import ListComparison
from workbench.panels.lists.new_item import NewItemExplorer
from workbench.panels.lists.recommend_panel import RecommendPanel
from workbench.panels.lists.taste_interview import TasteInterview
from workbench.panels.similarity.similarity_explorer import SimilarityExplorer
from workbench.plots.copy_quality import copy_measures

__all__ = [
    "BehaviourExplorer",
    "CopyStudio",
    "DataPicker",
    "ListComparison",
    "ModelComparison",
    "NewItemExplorer",
    "RecommendPanel",
    "SimilarityExplorer",
    "TasteInterview",
    "UserExplorer",
    "copy_measures",
    "figure_row",
    "tuning_view",
    "typical_user",
]


def __getattr__(name: str) -> Any:
    """Reports were panels once: their old names work for one release."""
    if name not in ("CampaignReport", "ModelReport", "UserReport"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    message = f"wb.panels.{name} has become wb.reports.{name}"
    warnings.warn(message, DeprecationWarning, stacklevel=2)
    return getattr(import_module("workbench.reports"), name)
