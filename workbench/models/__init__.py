"""Recommenders: one family a file, one protocol."""

from workbench.models.base import ByCount, ByItem, ByUser, Recommender
from workbench.models.biased import Baseline, BiasedMF
from workbench.models.bpr import BPR
from workbench.models.content import ContentBased
from workbench.models.demographic import Demographic
from workbench.models.ease import EASE
from workbench.models.factors import ALS
from workbench.models.graph import P3alpha, RP3beta
from workbench.models.hybrid import Hybrid
from workbench.models.interview import Interview
from workbench.models.knn import ItemKNN, KNNBaseline, UserKNN
from workbench.models.popular import Popular
from workbench.models.probability import Calibrated
from workbench.models.rules import Attribute, Diversity, ExposureCap, InStock, MaxPer, NotBought
from workbench.models.sequential import Sequential
from workbench.models.stored import load_model

__all__ = [
    "ALS",
    "BPR",
    "EASE",
    "Attribute",
    "Baseline",
    "BiasedMF",
    "ByCount",
    "ByItem",
    "ByUser",
    "Calibrated",
    "ContentBased",
    "Demographic",
    "Diversity",
    "ExposureCap",
    "Hybrid",
    "InStock",
    "Interview",
    "ItemKNN",
    "KNNBaseline",
    "MaxPer",
    "NotBought",
    "P3alpha",
    "Popular",
    "RP3beta",
    "Recommender",
    "Sequential",
    "UserKNN",
    "load_model",
]
