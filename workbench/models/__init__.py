"""Recommenders: one family a file, one protocol."""

from workbench.models.base import ByCount, ByItem, ByUser, Recommender
from workbench.models.biased import Baseline, BiasedMF
from workbench.models.content import ContentBased
from workbench.models.ease import EASE
from workbench.models.factors import ALS
from workbench.models.graph import P3alpha, RP3beta
from workbench.models.hybrid import Hybrid
from workbench.models.knn import ItemKNN, KNNBaseline, UserKNN
from workbench.models.popular import Popular
from workbench.models.probability import Calibrated
from workbench.models.rules import Attribute, Diversity, ExposureCap, InStock, MaxPer, NotBought

__all__ = [
    "ALS",
    "EASE",
    "Attribute",
    "Baseline",
    "BiasedMF",
    "ByCount",
    "ByItem",
    "ByUser",
    "Calibrated",
    "ContentBased",
    "Diversity",
    "ExposureCap",
    "Hybrid",
    "InStock",
    "ItemKNN",
    "KNNBaseline",
    "MaxPer",
    "NotBought",
    "P3alpha",
    "Popular",
    "RP3beta",
    "Recommender",
    "UserKNN",
]
