"""Widgets: one panel a file, each a plain object that computes and a thin view."""

from workbench.panels.behaviour import BehaviourExplorer, DataPicker
from workbench.panels.campaign import CampaignReport
from workbench.panels.copy import CopyStudio
from workbench.panels.copy_figures import copy_measures
from workbench.panels.evaluate import ModelComparison
from workbench.panels.interview import TasteInterview
from workbench.panels.model import ModelReport
from workbench.panels.newitem import NewItemExplorer
from workbench.panels.recommend import ListComparison, RecommendPanel
from workbench.panels.similarity import SimilarityExplorer
from workbench.panels.tuning import tuning_view
from workbench.panels.user import UserExplorer, UserReport, typical_user

__all__ = [
    "BehaviourExplorer",
    "CampaignReport",
    "CopyStudio",
    "DataPicker",
    "ListComparison",
    "ModelComparison",
    "ModelReport",
    "NewItemExplorer",
    "RecommendPanel",
    "SimilarityExplorer",
    "TasteInterview",
    "UserExplorer",
    "UserReport",
    "copy_measures",
    "tuning_view",
    "typical_user",
]
