"""Recommenders: one family a file, one protocol."""

from workbench.models.base import ByCount, ByItem, ByUser, Recommender
from workbench.models.biased import Baseline, BiasedMF
from workbench.models.ease import EASE
from workbench.models.factors import ALS
from workbench.models.graph import P3alpha, RP3beta
from workbench.models.knn import ItemKNN, KNNBaseline, UserKNN
from workbench.models.popular import Popular
from workbench.models.sequential import Sequential
from workbench.models.stored import load_model

__all__ = [
    "ALS",
    "EASE",
    "Baseline",
    "BiasedMF",
    "ByCount",
    "ByItem",
    "ByUser",
    "ItemKNN",
    "KNNBaseline",
    "P3alpha",
    "Popular",
    "RP3beta",
    "Recommender",
    "Sequential",
    "UserKNN",
    "load_model",
]
